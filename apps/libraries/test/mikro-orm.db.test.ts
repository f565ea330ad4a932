import { EntitySchema, MikroORM } from "@mikro-orm/postgresql";
import { failureOf, isOccError, retryOnOcc } from "dsql-core";
import { DsqlDialect } from "kysely-dsql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster();
const Account = new EntitySchema<{ id: number; balance: number }>({
  name: "Account",
  tableName: "accounts",
  properties: { id: { type: "integer", primary: true }, balance: { type: "integer" } },
});
let orm: MikroORM;

beforeAll(async () => {
  orm = await MikroORM.init({
    dbName: "postgres",
    entities: [Account],
    driverOptions: () => new DsqlDialect(cluster.local.connection),
  } as never);
});
afterAll(() => orm.close());

const withdraw = () =>
  orm.em.fork().transactional(async (em) => {
    const account = await em.findOneOrFail(Account, { id: 1 });
    account.balance -= 1;
  });

test("MikroORM: entities on kysely-dsql's dialect, and a transaction that is retried after a conflict", async () => {
  cluster.local.faults.conflictCommits(2);
  await retryOnOcc(withdraw);
  expect(await orm.em.fork().findOne(Account, { id: 1 })).toMatchObject({ id: 1, balance: 99 });
  expect(cluster.local.faults.counts.conflict).toBe(2);
});

test("MikroORM: its error is a conflict, and a lost COMMIT is known as one", async () => {
  cluster.local.faults.conflictCommits(1);
  expect(isOccError(await withdraw().catch((error: unknown) => error))).toBe(true);
  cluster.local.faults.cutConnection("after-commit");
  expect(failureOf(await withdraw().catch((error: unknown) => error))).toBe("commit-outcome-unknown");
});
