import { DsqlClient, failureOf, isOccError, retryOnOcc } from "dsql-core";
import pg from "pg";
import { DataTypes, type Model, type ModelStatic, Sequelize } from "sequelize";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster();
let sequelize: Sequelize;
let Account: ModelStatic<Model<{ id: number; balance: number }>>;

beforeAll(() => {
  class ClusterClient extends DsqlClient {
    constructor({ types }: pg.ClientConfig) {
      super({ ...cluster.local.connection, types: types as never });
    }
  }
  sequelize = new Sequelize({
    dialect: "postgres",
    dialectModule: { ...pg, Client: ClusterClient },
    dialectOptions: { clientMinMessages: "ignore" },
    keepDefaultTimezone: true,
    logging: false,
  } as never);
  Account = sequelize.define(
    "account",
    { id: { type: DataTypes.INTEGER, primaryKey: true }, balance: DataTypes.INTEGER },
    { tableName: "accounts", timestamps: false },
  );
});
afterAll(() => sequelize.close());

const withdraw = () =>
  sequelize.transaction(async (transaction) => {
    const account = await Account.findByPk(1, { transaction, rejectOnEmpty: true });
    await account.decrement("balance", { transaction });
  });

test("Sequelize: models, and a transaction that is retried after a conflict", async () => {
  cluster.local.faults.conflictCommits(2);
  await retryOnOcc(withdraw);
  expect((await Account.findByPk(1))?.get()).toEqual({ id: 1, balance: 99 });
  expect(cluster.local.faults.counts.conflict).toBe(2);
});

test("Sequelize: its error is a conflict, and a lost COMMIT is known as one", async () => {
  cluster.local.faults.conflictCommits(1);
  expect(isOccError(await withdraw().catch((error: unknown) => error))).toBe(true);
  cluster.local.faults.cutConnection("after-commit");
  expect(failureOf(await withdraw().catch((error: unknown) => error))).toBe("commit-outcome-unknown");
});

test("Sequelize: sync() cannot create a table with a counter", async () => {
  const Counter = sequelize.define("counter", { name: DataTypes.STRING });
  await expect(Counter.sync()).rejects.toThrow(/serial/i);
});
