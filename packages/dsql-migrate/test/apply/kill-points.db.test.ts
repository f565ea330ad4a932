import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { deploy, type PlannedMigration } from "../../src/index.ts";
import { runChild } from "../children/run-child.ts";
import { databaseState, emptyDatabase } from "./database-state.ts";
import { createIndex, createTable, dml, migrationOf } from "./plans.ts";

/** Every kill point of a run; a small share of them unless all are asked for. */
const ALL = process.env.KILL_POINTS === "all";

let local: LocalDsql;
let pool: DsqlPool;

beforeAll(async () => {
  local = await startLocalDsql();
});
afterAll(() => local.stop());
beforeEach(() => {
  pool = new DsqlPool({ ...local.connection, max: 4 });
});
afterEach(async () => {
  local.faults.clear();
  await emptyDatabase(pool);
  await pool.end();
});

const migrations = (): PlannedMigration[] => [
  migrationOf(
    "001",
    createTable("account", "id bigint PRIMARY KEY, n int"),
    dml("INSERT INTO account VALUES (1, 0)"),
    dml("UPDATE account SET n = n + 1"),
    createIndex("account_n", "account", "n", true),
  ),
  migrationOf("002", createTable("orders"), dml("UPDATE account SET n = n + 1")),
  migrationOf("003", dml("UPDATE account SET n = n + 1"), createIndex("orders_id", "orders", "id")),
];

test("continues where a process was killed, at every event of a deployment", async () => {
  await deploy({ pool, migrations: migrations() });
  const undisturbed = await databaseState(pool);
  await emptyDatabase(pool);
  for (let killAt = 1; ; killAt += ALL ? 1 : 5) {
    const killed = await runChild(local, { migrations: migrations(), options: { leaseMs: 1000 }, killAt });
    if (killed.signal === null) break;
    await deploy({ pool, migrations: migrations(), leaseMs: 1000 });
    expect(await databaseState(pool), `killed at event ${killAt}`).toEqual(undisturbed);
    await emptyDatabase(pool);
  }
});

test("continues where a process was killed in the middle of a statement", async () => {
  await deploy({ pool, migrations: migrations() });
  const undisturbed = await databaseState(pool);
  await emptyDatabase(pool);
  const steps = migrations().flatMap(({ plan }) => plan.steps).length;
  for (let point = 0; point < steps; point += ALL ? 0.25 : 1.5) {
    local.faults.latency({ roundTripMs: 10, commitMs: 40 });
    let started = 0;
    const killed = await runChild(local, {
      migrations: migrations(),
      options: { leaseMs: 1000 },
      onEvent: ({ type }, kill) => {
        if (type !== "step-started" || started++ !== Math.floor(point)) return;
        setTimeout(kill, (point % 1) * 100);
      },
    });
    local.faults.clear();
    expect(killed.signal).toBe("SIGKILL");
    await deploy({ pool, migrations: migrations(), leaseMs: 1000 });
    expect(await databaseState(pool), `killed in step ${point}`).toEqual(undisturbed);
    await emptyDatabase(pool);
  }
});
