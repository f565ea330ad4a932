import { expect, test } from "vitest";
import { deploy, type MigrateEvent, status } from "../../src/index.ts";
import { local, pool, useMigrationDatabase } from "../support/migration-database.ts";
import { createIndex, createTable, dml, migrationOf } from "./plans.ts";

useMigrationDatabase();

const shop = () => [
  migrationOf(
    "001_accounts",
    createTable("account", "id bigint PRIMARY KEY, email text"),
    dml("INSERT INTO account VALUES (1, 'a@example.com'), (2, 'b@example.com')"),
    createIndex("account_email", "account", "email", true),
  ),
  migrationOf("002_orders", createTable("orders")),
];

test("applies each migration once, in order, and reports what it did", async () => {
  const events: MigrateEvent[] = [];
  const first = await deploy({ pool, migrations: shop(), onEvent: (event) => events.push(event) });
  expect(first.applied).toEqual(["001_accounts", "002_orders"]);
  expect((await pool.query("SELECT count(*)::int AS n FROM account")).rows).toEqual([{ n: 2 }]);
  expect(events.filter(({ type }) => type === "step-done")).toHaveLength(4);

  const second = await deploy({ pool, migrations: shop() });
  expect(second.applied).toEqual([]);
  const { migrations, lock } = await status({ pool, migrations: shop() });
  expect(migrations.map(({ state }) => state)).toEqual(["applied", "applied"]);
  expect(lock).toBeUndefined();
});

test("names the step that failed, keeps the steps before it, and continues with it once it is fixed", async () => {
  const broken = migrationOf(
    "001",
    createTable("account"),
    dml("INSERT INTO account VALUES (1), (1)"),
    createTable("later"),
  );
  await expect(deploy({ pool, migrations: [broken] })).rejects.toMatchObject({
    code: "DSQL_MIGRATE_FAILED",
    step: { migration: "001", position: 1 },
    cause: { code: "23505" },
  });
  expect((await status({ pool, migrations: [broken] })).migrations).toMatchObject([
    { state: "failed", stepsDone: 1, steps: 3, failedSql: "INSERT INTO account VALUES (1), (1)" },
  ]);
  const fixed = migrationOf(
    "001",
    createTable("account"),
    dml("INSERT INTO account VALUES (1), (2)"),
    createTable("later"),
  );
  expect((await deploy({ pool, migrations: [fixed] })).applied).toEqual(["001"]);
  expect((await pool.query("SELECT id::int FROM account ORDER BY id")).rows).toEqual([{ id: 1 }, { id: 2 }]);
});

test("refuses a migration that was edited after it was applied", async () => {
  await deploy({ pool, migrations: [migrationOf("001", createTable("account"))] });
  const edited = migrationOf("001", createTable("account", "id bigint PRIMARY KEY, name text"));
  await expect(deploy({ pool, migrations: [edited] })).rejects.toMatchObject({
    code: "DSQL_MIGRATE_CHANGED",
  });
});

test("drops the index of a failed build and reports the duplicate key", async () => {
  const migration = migrationOf(
    "001",
    createTable("account", "id bigint PRIMARY KEY, email text"),
    dml("INSERT INTO account VALUES (1, 'same'), (2, 'same')"),
    createIndex("account_email", "account", "email", true),
  );
  await expect(deploy({ pool, migrations: [migration] })).rejects.toMatchObject({
    code: "DSQL_MIGRATE_FAILED",
    cause: { code: "DSQL_JOB_FAILED", details: expect.stringMatching(/duplicate key/i) },
  });
  expect((await pool.query("SELECT to_regclass('account_email') AS index")).rows).toEqual([{ index: null }]);
  await pool.query("UPDATE account SET email = 'other' WHERE id = 2");
  expect((await deploy({ pool, migrations: [migration] })).applied).toEqual(["001"]);
});

test("survives conflicts, lost connections and lost responses at every statement", async () => {
  for (let round = 0; round < 30; round += 1) {
    const migrations = [
      migrationOf(
        `${round}`,
        createTable(`t${round}`, "id bigint PRIMARY KEY, n int"),
        dml(`INSERT INTO t${round} VALUES (1, 0)`),
        dml(`UPDATE t${round} SET n = n + 1`),
        createIndex(`i${round}`, `t${round}`, "n"),
      ),
    ];
    const events: string[] = [];
    const after = round;
    let seen = 0;
    const onEvent = (event: MigrateEvent) => {
      events.push(event.type);
      seen += 1;
      if (seen !== after % 10) return;
      const fault = Math.floor(after / 10);
      if (fault === 0) local.faults.cutConnection("after-commit");
      if (fault === 1) local.faults.cutConnection("in-statement");
      if (fault === 2) local.faults.conflictCommits(2, "OC001");
    };
    await deploy({ pool, migrations, onEvent });
    expect((await pool.query(`SELECT n FROM t${round}`)).rows).toEqual([{ n: 1 }]);
  }
});

test("does not record a step as failed when it could not find out whether an earlier attempt had succeeded", async () => {
  const migrations = [migrationOf("001", createTable("account"), createTable("invoice"))];
  await deploy({ pool, migrations });
  // As a process leaves it that is killed when its last statement has happened.
  await pool.query("UPDATE dsql_migrate.step SET state = 'started', finished_at = NULL WHERE position = 1");
  await pool.query("UPDATE dsql_migrate.migration SET finished_at = NULL");
  const onEvent = ({ type }: MigrateEvent) => {
    if (type !== "step-started") return;
    local.faults.endSession("statement");
    local.faults.refuseTokens("invalid");
  };
  await expect(deploy({ pool, migrations, onEvent })).rejects.toMatchObject({ code: "DSQL_MIGRATE_FAILED" });
  local.faults.clear();
  expect((await deploy({ pool, migrations })).applied).toEqual(["001"]);
});

test("stops the wait for a job also when the signal was aborted before the wait", async () => {
  const controller = new AbortController();
  const migrations = [
    migrationOf(
      "001",
      createTable("account", "id bigint PRIMARY KEY, n int"),
      createIndex("account_n", "account", "n"),
    ),
  ];
  const onEvent = (event: MigrateEvent) => {
    if (event.type === "step-started" && event.kind === "async-job") controller.abort();
  };
  await expect(deploy({ pool, migrations, onEvent, signal: controller.signal })).rejects.toMatchObject({
    code: "DSQL_MIGRATE_STOPPED",
  });
  expect((await deploy({ pool, migrations })).applied).toEqual(["001"]);
});

test("refuses a lease time that is not a number of milliseconds before anything is sent", async () => {
  for (const options of [{ leaseMs: Number.NaN }, { leaseMs: 0 }, { leaseMs: 1.5 }, { lockTimeoutMs: -1 }]) {
    await expect(deploy({ pool, migrations: shop(), ...options })).rejects.toMatchObject({
      code: "DSQL_MIGRATE_INPUT",
      message: expect.stringContaining(Object.keys(options)[0] as string),
    });
  }
  expect(pool.totalCount).toBe(0);
});
