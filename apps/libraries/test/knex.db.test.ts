import { failureOf, isOccError, retryOnOcc } from "dsql-core";
import knex, { type Knex } from "knex";
import { Model } from "objection";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster({ autocommitRetry: false });
let db: Knex;
beforeAll(() => {
  db = knex({ client: "pg", connectionPool: cluster.pool } as Knex.Config);
});
afterAll(() => db.destroy());

class Account extends Model {
  static override tableName = "accounts";
  declare id: number;
  declare balance: number;
}

const withdraw = () =>
  db.transaction(async (trx) => {
    const account = await trx("accounts").where({ id: 1 }).first();
    await trx("accounts")
      .where({ id: 1 })
      .update({ balance: account.balance - 1 });
  });

test("Knex: queries, and a transaction that is retried after a conflict", async () => {
  cluster.local.faults.conflictCommits(2);
  await retryOnOcc(withdraw);
  expect(await db("accounts").where({ id: 1 }).first()).toEqual({ id: 1, balance: 99 });
  expect(cluster.local.faults.counts.conflict).toBe(2);
});

test("Knex: its error is a conflict, and a lost COMMIT is known as one", async () => {
  cluster.local.faults.conflictCommits(1);
  expect(isOccError(await withdraw().catch((error: unknown) => error))).toBe(true);
  cluster.local.faults.cutConnection("after-commit");
  expect(failureOf(await withdraw().catch((error: unknown) => error))).toBe("commit-outcome-unknown");
});

test("Objection: models on Knex, and its error is a conflict", async () => {
  const accounts = Account.bindKnex(db);
  expect(await accounts.query().findById(1)).toMatchObject({ id: 1 });
  cluster.local.faults.conflictCommits(1);
  const error = await accounts
    .query()
    .insert({ id: 2, balance: 1 } as never)
    .catch((caught: unknown) => caught);
  expect(isOccError(error)).toBe(true);
});

test("Knex: its migrations cannot run, because their tables have SERIAL keys", async () => {
  const migrationSource = {
    getMigrations: async () => [],
    getMigrationName: () => "",
    getMigration: () => null,
  };
  await expect(db.migrate.latest({ migrationSource } as never)).rejects.toThrow(/serial/i);
});
