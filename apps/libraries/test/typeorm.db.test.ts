import { DsqlPool, failureOf, isOccError, retryOnOcc } from "dsql-core";
import pg from "pg";
import { DataSource, EntitySchema } from "typeorm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster();
const Account = new EntitySchema<{ id: number; balance: number }>({
  name: "account",
  tableName: "accounts",
  columns: { id: { type: Number, primary: true }, balance: { type: Number } },
});
const Item = new EntitySchema<{ id: string }>({
  name: "item",
  columns: { id: { type: "uuid", primary: true, generated: "uuid" } },
});
let source: DataSource;

beforeAll(async () => {
  class ClusterPool extends DsqlPool {
    constructor() {
      super(cluster.local.connection);
    }
  }
  source = new DataSource({
    type: "postgres",
    driver: { ...pg, Pool: ClusterPool },
    installExtensions: false,
    uuidExtension: "pgcrypto",
    entities: [Account, Item],
  });
  await source.initialize();
  await cluster.pool.query("CREATE TABLE item (id uuid PRIMARY KEY DEFAULT gen_random_uuid())");
});
afterAll(() => source.destroy());

const withdraw = () =>
  source.transaction(async (manager) => {
    const account = await manager.findOneByOrFail(Account, { id: 1 });
    await manager.update(Account, { id: 1 }, { balance: account.balance - 1 });
  });

test("TypeORM: entities, and a transaction that is retried after a conflict", async () => {
  cluster.local.faults.conflictCommits(2);
  await retryOnOcc(withdraw);
  expect(await source.manager.findOneBy(Account, { id: 1 })).toEqual({ id: 1, balance: 99 });
  expect(cluster.local.faults.counts.conflict).toBe(2);
  expect((await source.manager.getRepository(Item).save({})).id).toMatch(/^[0-9a-f-]{36}$/);
});

test("TypeORM: its error is a conflict, and a lost COMMIT is known as one", async () => {
  await cluster.pool.query("INSERT INTO accounts VALUES (9, 0) ON CONFLICT DO NOTHING");
  cluster.local.faults.conflictCommits(1);
  expect(isOccError(await withdraw().catch((error: unknown) => error))).toBe(true);
  cluster.local.faults.cutConnection("after-commit");
  expect(failureOf(await withdraw().catch((error: unknown) => error))).toBe("commit-outcome-unknown");
});

test("TypeORM: its migrations cannot run, because their table has a SERIAL key", async () => {
  await expect(source.runMigrations()).rejects.toThrow(/serial/i);
});
