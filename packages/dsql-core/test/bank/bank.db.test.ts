import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateClients } from "../../../prisma-dsql/scripts/generate.js";
import { faultsAtRandom, seeded } from "./random-faults.ts";
import { ACCOUNTS, OPENING_BALANCE } from "./transfer.ts";
import type { Told, WorkOrder } from "./worker.ts";

const TRANSFERS = Number(process.env.BANK_TRANSFERS ?? 400);
const SEED = Number(process.env.BANK_SEED ?? Date.now() % 1_000_000);
const TIMEOUT_MS = Math.max(120_000, TRANSFERS * 200);
const PROCESSES = 4;
const TOTAL = ACCOUNTS * OPENING_BALANCE;

const root = fileURLToPath(new URL("../../../../", import.meta.url));
let endpoint: LocalDsql;
let observer: DsqlPool;

beforeAll(async () => {
  generateClients([fileURLToPath(new URL("bank.prisma", import.meta.url))]);
  // Node runs the workers without vitest, so they are compiled like a program.
  const config = fileURLToPath(new URL("tsconfig.json", import.meta.url));
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", config], { cwd: root });
  endpoint = await startLocalDsql({ limits: { connectionRate: 10_000, connectionBurst: 10_000 } });
  observer = new DsqlPool({ ...endpoint.connection, max: 2 });
  observer.on("error", () => {});
  await observer.query("CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL)");
  await observer.query(
    "CREATE TABLE ledger (id text PRIMARY KEY, from_id int NOT NULL, to_id int NOT NULL, amount bigint NOT NULL)",
  );
  await observer.query("INSERT INTO accounts SELECT n, $1::bigint FROM generate_series(1, $2::int) n", [
    OPENING_BALANCE,
    ACCOUNTS,
  ]);
});

afterAll(async () => {
  await observer?.end();
  await endpoint?.stop();
});

test(
  `keeps its word on every one of ${TRANSFERS} transfers while faults fire (BANK_SEED=${SEED})`,
  async () => {
    const random = seeded(SEED);
    const faults = faultsAtRandom(endpoint.faults, random);
    const watch = watchTotals();
    const orders = Array.from({ length: PROCESSES }, () => ({
      connection: endpoint.connection,
      max: 2,
      transfers: Math.ceil(TRANSFERS / PROCESSES),
      concurrency: 6,
      seed: Math.floor(random() * 2 ** 31),
    }));
    const reports = await Promise.all(orders.map((order) => employ(order, faults.transferOver)));
    const fired = { ...endpoint.faults.counts };
    endpoint.faults.clear();
    const totals = await watch.stop();

    const told = (kind: "committed" | "failed" | "unknown") => reports.flatMap((report) => report[kind]);
    const stored = new Set((await observer.query("SELECT id FROM ledger")).rows.map((row) => row.id));
    console.info(summary(reports, fired, stored.size, totals.length));

    expect(totals.filter((total) => total !== TOTAL)).toEqual([]);
    expect(told("committed").filter((id) => !stored.has(id))).toEqual([]);
    const reasons = Object.assign({}, ...reports.map((report) => report.reasons)) as Record<string, string>;
    expect(
      told("failed")
        .filter((id) => stored.has(id))
        .map((id) => reasons[id]),
    ).toEqual([]);
    const unknownStored = told("unknown").filter((id) => stored.has(id)).length;
    expect(stored.size).toBe(told("committed").length + unknownStored);
    expect(told("committed").length + told("failed").length + told("unknown").length).toBe(
      Math.ceil(TRANSFERS / PROCESSES) * PROCESSES,
    );
    expect(await balancesOffTheLedger()).toEqual([]);
    if (TRANSFERS >= 400) expect(Object.entries(fired).filter(([, times]) => times === 0)).toEqual([]);
    expect(totals.length).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

type Said = { told?: Told; crashed?: string; transferOver?: true };

/** Sends a worker its order and returns what it reported. */
async function employ(order: WorkOrder, transferOver: () => void): Promise<Told> {
  const worker = fork(`${root}node_modules/.cache/bank-test/worker.js`);
  const exited = once(worker, "exit");
  let last: Said = { crashed: "it said nothing" };
  worker.on("message", (said: Said) => {
    if (said.transferOver) transferOver();
    else last = said;
  });
  worker.send(order);
  expect({ exit: await exited, crashed: last.crashed }).toEqual({ exit: [0, null], crashed: undefined });
  return last.told as Told;
}

/** Reads the sum of all balances again and again; a read that a fault hits is retried. */
function watchTotals(): { stop(): Promise<number[]> } {
  const totals: number[] = [];
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const read = await observer.query("SELECT sum(balance) AS total FROM accounts").catch(() => undefined);
      if (read !== undefined) totals.push(Number(read.rows[0].total));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      watching = false;
      await watch;
      const read = await observer.query("SELECT sum(balance) AS total FROM accounts");
      return [...totals, Number(read.rows[0].total)];
    },
  };
}

/** Accounts whose balance differs from the ledger's: an update was lost, or stored twice. */
async function balancesOffTheLedger(): Promise<unknown[]> {
  const result = await observer.query(
    `SELECT id, balance FROM accounts a WHERE balance <> $1::bigint
       + (SELECT coalesce(sum(amount), 0) FROM ledger WHERE to_id = a.id)
       - (SELECT coalesce(sum(amount), 0) FROM ledger WHERE from_id = a.id)`,
    [OPENING_BALANCE],
  );
  return result.rows;
}

function summary(
  reports: readonly Told[],
  fired: Record<string, number>,
  stored: number,
  reads: number,
): string {
  const byAdapter: Record<string, number> = {};
  for (const [name, transfers] of reports.flatMap((report) => Object.entries(report.byAdapter))) {
    byAdapter[name] = (byAdapter[name] ?? 0) + transfers;
  }
  const count = (kind: "committed" | "failed" | "unknown") =>
    reports.reduce((sum, report) => sum + report[kind].length, 0);
  return JSON.stringify(
    {
      seed: SEED,
      ...{ committed: count("committed"), failed: count("failed"), unknown: count("unknown") },
      ...{ stored, totalsRead: reads, byAdapter, fired },
    },
    null,
    1,
  );
}
