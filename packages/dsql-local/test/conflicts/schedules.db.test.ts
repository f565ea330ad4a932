import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";
import {
  type Outcome,
  printRow,
  ReferenceCluster,
  ReferenceTransaction,
  type Row,
  type TableName,
} from "./reference-model.ts";
import { INITIAL, insertSql, makeSchedule, SCHEMA, type Step } from "./schedule.ts";

/** How many schedules run, and from which seed. */
const SCHEDULES = Number(process.env.DSQL_SCHEDULES ?? 200);
const FIRST_SEED = Number(process.env.DSQL_SCHEDULE_SEED ?? 1);
const TABLES: readonly TableName[] = ["parent", "child", "kid", "ward", "loose"];

let dsql: LocalDsql;
let keeper: Client;
const sessions: Client[] = [];

beforeAll(async () => {
  dsql = await startLocalDsql();
  keeper = await connect(dsql);
  for (const sql of SCHEMA) await keeper.query(sql);
  for (let i = 0; i < 4; i++) sessions.push(await connect(dsql));
});

afterAll(async () => {
  for (const client of [keeper, ...sessions]) await client?.end();
  await dsql?.stop();
});

async function outcomeOf(query: Promise<{ rows: Row[] }>): Promise<Outcome> {
  try {
    return { rows: (await query).rows.map(printRow).sort() };
  } catch (error) {
    return { sqlstate: (error as { code?: string }).code ?? String(error) };
  }
}

async function endOf(query: Promise<{ command: string }>): Promise<string> {
  try {
    return (await query).command;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** Puts the initial rows into both, and nothing else. */
async function reset(cluster: ReferenceCluster): Promise<void> {
  for (const table of [...TABLES].reverse()) await keeper.query(`DELETE FROM ${table}`);
  for (const [table, row] of INITIAL) {
    await keeper.query(insertSql(table, row));
    cluster.committed[table].set(cluster.nextIdentity(), { ...row });
  }
}

/** Runs one step on both; answers what the two said. */
async function runStep(
  step: Step,
  cluster: ReferenceCluster,
  open: Map<number, ReferenceTransaction>,
): Promise<{ expected: unknown; actual: unknown }> {
  const client = sessions[step.session] as Client;
  const transaction = open.get(step.session);
  switch (step.kind) {
    case "begin":
      open.set(step.session, new ReferenceTransaction(cluster));
      return { expected: "BEGIN", actual: await endOf(client.query("BEGIN")) };
    case "rollback":
      open.delete(step.session);
      return { expected: "ROLLBACK", actual: await endOf(client.query("ROLLBACK")) };
    case "commit":
      open.delete(step.session);
      return { expected: transaction?.commit(), actual: await endOf(client.query("COMMIT")) };
    default: {
      const alone = new ReferenceTransaction(cluster);
      const expected = (transaction ?? alone).run(step.run);
      if (!transaction) alone.commit();
      return { expected, actual: await outcomeOf(client.query(step.sql)) };
    }
  }
}

const told = (step: Step): string =>
  `${step.session}: ${step.kind === "statement" ? step.sql : step.kind.toUpperCase()}`;

async function runSchedule(seed: number): Promise<void> {
  const cluster = new ReferenceCluster();
  await reset(cluster);
  const open = new Map<number, ReferenceTransaction>();
  const history: string[] = [];
  for (const step of makeSchedule(seed)) {
    const { expected, actual } = await runStep(step, cluster, open);
    history.push(`${told(step)} -> ${JSON.stringify(expected)}`);
    expect(actual, `seed ${seed}\n${history.join("\n")}`).toEqual(expected);
  }
  for (const table of TABLES) {
    const { rows } = await keeper.query<Row>(`SELECT * FROM ${table}`);
    const expected = [...cluster.committed[table].values()].map(printRow).sort();
    expect(rows.map(printRow).sort(), `seed ${seed}: ${table}\n${history.join("\n")}`).toEqual(expected);
  }
}

describe("random schedules", () => {
  it(
    `agree with snapshot isolation where the first committer wins: ${SCHEDULES} from seed ${FIRST_SEED}`,
    async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) await runSchedule(seed);
    },
    SCHEDULES * 1000,
  );
});
