import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRole, planRole } from "../../src/index.ts";

const arn = "arn:aws:iam::111122223333:role/my-service";

let local: LocalDsql;
let admin: DsqlPool;

beforeAll(async () => {
  local = await startLocalDsql();
  admin = new DsqlPool({ ...local.connection, max: 2 });
  await admin.query("CREATE TABLE account (id bigint PRIMARY KEY, n int)");
});
afterAll(async () => {
  await admin.end();
  await local.stop();
});

async function as<T>(user: string, work: (pool: DsqlPool) => Promise<T>): Promise<T> {
  const pool = new DsqlPool({ ...local.connection, user, max: 1 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

test("creates a role that reads and writes rows, also of later tables, and cannot change the schema", async () => {
  const planned = await planRole(admin, { name: "app", iamArns: [arn] });
  expect(planned[0]).toEqual({ sql: 'CREATE ROLE "app" WITH LOGIN', purpose: "the role", done: false });
  await createRole(admin, { name: "app", iamArns: [arn] });
  await admin.query("CREATE TABLE later (id bigint PRIMARY KEY, n int)");
  await as("app", async (pool) => {
    for (const table of ["account", "later"]) {
      await pool.query(`INSERT INTO ${table} VALUES (1, 1)`);
      await pool.query(`UPDATE ${table} SET n = 2`);
      expect((await pool.query(`DELETE FROM ${table} RETURNING n`)).rows).toEqual([{ n: 2 }]);
    }
    await expect(pool.query("CREATE TABLE mine (id bigint PRIMARY KEY)")).rejects.toMatchObject({
      code: "42501",
    });
    await expect(pool.query("DROP TABLE account")).rejects.toMatchObject({ code: "42501" });
  });
});

test("finds nothing to do for a role that is as it should be", async () => {
  await createRole(admin, { name: "again", iamArns: [arn] });
  const planned = await planRole(admin, { name: "again", iamArns: [arn] });
  expect(planned.filter(({ done }) => !done)).toEqual([]);
  expect(await createRole(admin, { name: "again", iamArns: [arn] })).toEqual([]);
});

test("grants a read-only role only SELECT", async () => {
  await createRole(admin, { name: "reader", iamArns: [arn], access: "read-only" });
  await as("reader", async (pool) => {
    await pool.query("SELECT * FROM account");
    await expect(pool.query("INSERT INTO account VALUES (9, 9)")).rejects.toMatchObject({ code: "42501" });
  });
});

test.each([
  ["admin", [arn], /cannot be an application role/],
  ["app2", ["arn:aws:iam::1:role/x"], /is not the ARN/],
])("refuses %s with %s before anything is sent", async (name, iamArns, message) => {
  await expect(planRole(admin, { name, iamArns })).rejects.toMatchObject({
    code: "DSQL_MIGRATE_INPUT",
    message: expect.stringMatching(message),
  });
});

test("refuses a schema that does not exist", async () => {
  await expect(planRole(admin, { name: "app3", iamArns: [arn], schemas: ["nowhere"] })).rejects.toMatchObject(
    {
      code: "DSQL_MIGRATE_INPUT",
    },
  );
});
