import { DsqlPool } from "dsql-core";
import { expect, test } from "vitest";
import { deploy, releaseLock, status } from "../../src/index.ts";
import { runChild } from "../children/run-child.ts";
import { local, pool, useMigrationDatabase } from "../support/migration-database.ts";
import { createIndex, createTable, dml, migrationOf } from "./plans.ts";

useMigrationDatabase();

const migrations = () => [
  migrationOf(
    "001",
    createTable("account", "id bigint PRIMARY KEY, n int"),
    dml("INSERT INTO account VALUES (1, 0)"),
    dml("UPDATE account SET n = n + 1"),
    createIndex("account_n", "account", "n"),
  ),
  migrationOf("002", dml("UPDATE account SET n = n + 1")),
];

test("lets exactly one of ten concurrent deployments apply, and fails none", async () => {
  const runs = await Promise.all(
    Array.from({ length: 10 }, () => runChild(local, { migrations: migrations() })),
  );
  const results = runs.map(({ events }) => events.at(-1));
  expect(results.filter((result) => result?.type === "failed")).toEqual([]);
  expect(results.filter((result) => JSON.stringify(result?.applied) !== "[]")).toHaveLength(1);
  expect((await pool.query("SELECT n FROM account")).rows).toEqual([{ n: 2 }]);
});

test("takes over from a holder that was killed, once its lease has expired", async () => {
  const killed = await runChild(local, {
    migrations: migrations(),
    options: { leaseMs: 1500, owner: "first" },
    onEvent: ({ type }, kill) => type === "step-started" && kill(),
  });
  expect(killed.signal).toBe("SIGKILL");
  const waited: string[] = [];
  await deploy({
    pool,
    migrations: migrations(),
    leaseMs: 1500,
    onEvent: (event) => {
      if (event.type === "lock-waiting") waited.push(event.owner);
      if (event.type === "lock-acquired") waited.push(`from ${event.takenFrom}`);
    },
  });
  expect(waited).toEqual(["first", "from first"]);
  expect((await pool.query("SELECT n FROM account")).rows).toEqual([{ n: 2 }]);
});

test("says who holds the lock when it may not wait", async () => {
  local.faults.latency({ commitMs: 300 });
  const running = deploy({ pool, migrations: migrations(), owner: "the other" });
  await expect.poll(async () => (await status({ pool, migrations: [] })).lock?.owner).toBe("the other");
  const other = new DsqlPool({ ...local.connection, max: 2 });
  try {
    await expect(deploy({ pool: other, migrations: migrations(), lockTimeoutMs: 0 })).rejects.toMatchObject({
      code: "DSQL_MIGRATE_LOCKED",
      message: expect.stringContaining("the other has held the lock since"),
    });
  } finally {
    await other.end();
    local.faults.clear();
    await running;
  }
});

test("keeps a holder that has lost its lease from writing anything more", async () => {
  let release: () => void = () => {};
  const paused = new Promise<void>((resolve) => {
    release = resolve;
  });
  const insert = dml("INSERT INTO account VALUES (1, 0)");
  const slow = migrationOf("001", createTable("account", "id bigint PRIMARY KEY, n int"), insert);
  // A process that stands still between two steps: its pool gives no connection until another has taken its lock.
  const stalled = new DsqlPool({ ...local.connection, max: 2 });
  const query = stalled.connect.bind(stalled);
  let stall = false;
  stalled.connect = (async () => {
    if (stall) await paused;
    return await query();
  }) as typeof stalled.connect;
  const first = deploy({
    pool: stalled,
    migrations: [slow],
    onEvent: (event) => {
      if (event.type === "step-started" && event.kind === "dml") stall = true;
    },
  });
  const outcome = first.then(
    () => "done",
    (error: { code?: string }) => error.code,
  );
  await expect.poll(() => stall).toBe(true);
  await releaseLock(pool);
  await deploy({ pool, migrations: [slow] });
  release();
  expect(await outcome).toBe("DSQL_MIGRATE_LEASE_LOST");
  expect((await pool.query("SELECT n FROM account")).rows).toEqual([{ n: 0 }]);
  await stalled.end();
});
