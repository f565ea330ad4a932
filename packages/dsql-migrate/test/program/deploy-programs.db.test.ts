import { expect, test } from "vitest";
import { Journal } from "../../src/apply/journal.ts";
import { deployPrograms, type MigrationProgram } from "../../src/index.ts";
import { pool, useMigrationDatabase } from "../support/migration-database.ts";

useMigrationDatabase({ max: 6 });

const makeTable: MigrationProgram = {
  name: "001",
  async run(session) {
    await session.execute({ sql: "CREATE TABLE account (id bigint PRIMARY KEY)" });
  },
};

test("runs the statements that a transaction sends at once in that transaction, on one connection", async () => {
  const insert: MigrationProgram = {
    name: "002",
    async run(session) {
      const transaction = await session.begin();
      const statement = (id: number) => transaction.execute({ sql: `INSERT INTO account VALUES (${id})` });
      await Promise.all([1, 2, 3].map(statement));
      await transaction.commit();
    },
  };
  await deployPrograms({ pool, programs: [makeTable, insert] });
  expect((await pool.query("SELECT id::int FROM account ORDER BY id")).rows).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ]);
  expect(pool.idleCount).toBe(pool.totalCount);
});

test("applies nothing if no program is selected", async () => {
  expect(await deployPrograms({ pool, programs: [makeTable], select: () => [] })).toEqual({ applied: [] });
  expect((await pool.query("SELECT to_regclass('account') AS account")).rows).toEqual([{ account: null }]);
});

test("keeps what the holder of the lease has recorded from one that has lost it", async () => {
  await deployPrograms({ pool, programs: [makeTable] });
  const { rows } = await pool.query("SELECT fence::int FROM dsql_migrate.migration");
  const [{ fence }] = rows as [{ fence: number }];
  const stale = new Journal(pool, "sql", { fence: BigInt(fence - 1), owner: "stale" });
  await stale.forgetSteps("001");
  expect((await pool.query("SELECT count(*)::int AS steps FROM dsql_migrate.step")).rows).toEqual([
    { steps: 1 },
  ]);
});
