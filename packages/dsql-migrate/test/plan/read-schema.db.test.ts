import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planMigration, readKnownSchema } from "../../src/index.ts";
import { runPlan } from "./run-plan.ts";

let local: LocalDsql;
let pool: DsqlPool;

beforeAll(async () => {
  local = await startLocalDsql();
  pool = new DsqlPool({ ...local.connection, max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await local?.stop();
});

const read = () => readKnownSchema(async (sql) => (await pool.query(sql)).rows);

test("lets a migration be planned for tables that it did not make", { timeout: 120_000 }, async () => {
  await runPlan(
    pool,
    await planMigration(`CREATE SCHEMA app;
      CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
      CREATE TABLE account (tenant uuid, "Id" int, mail email, name varchar(20) NOT NULL DEFAULT 'x', twice int GENERATED ALWAYS AS ("Id" * 2) STORED, PRIMARY KEY (tenant, "Id"), CONSTRAINT positive CHECK ("Id" > 0));
      CREATE TABLE app.log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant uuid, account int, CONSTRAINT log_account FOREIGN KEY (tenant, account) REFERENCES account);
      CREATE INDEX account_name ON account (lower(name), "Id") WHERE name <> '';
      CREATE VIEW logs AS SELECT l.id FROM app.log AS l;
      INSERT INTO account (tenant, "Id") SELECT gen_random_uuid(), n FROM generate_series(1, 5) AS n;
      ALTER TABLE account ADD COLUMN note text NOT NULL DEFAULT ''`),
  );
  const knownSchema = await read();
  const account = knownSchema.table({ name: "account" });
  expect(account).toMatchObject({ complete: true });
  expect(Object.fromEntries(account?.columns ?? [])).toMatchObject({
    tenant: { builtIn: "uuid", notNull: true },
    mail: { type: "email", builtIn: "text" },
    name: {
      type: "character varying(20)",
      builtIn: "varchar",
      length: 20,
      default: "'x'::character varying",
    },
    twice: { generated: 'GENERATED ALWAYS AS (("Id" * 2)) STORED' },
    note: { notNull: false, notNullCheck: "account_note_not_null" },
  });
  expect(knownSchema.primaryKey({ name: "account" })).toEqual(["tenant", "Id"]);
  expect(account?.indexes.get("account_name")).toMatchObject({ unique: false });
  expect(knownSchema.table({ schema: "app", name: "log" })).toMatchObject({ complete: false });
  expect(knownSchema.views.get("public.logs")).toEqual(["app.log"]);

  const change = `ALTER TABLE account ADD COLUMN stars int NOT NULL DEFAULT 3; ALTER TABLE account ALTER COLUMN note DROP NOT NULL;
    ALTER TABLE account ALTER COLUMN name TYPE text`;
  const plan = await planMigration(change, { knownSchema, recreate: true, backfillBatchRows: 2 });
  await runPlan(pool, plan);
  const after = await read();
  expect(after.table({ name: "account" })?.columns.get("name")).toMatchObject({
    type: "text",
    notNull: true,
  });
  expect(after.table({ name: "account" })?.indexes.has("account_name")).toBe(true);
  expect(after.table({ schema: "app", name: "log" })?.constraints.get("log_account")).toMatchObject({
    kind: "foreign",
    columns: ["tenant", "account"],
  });
  expect(
    (await pool.query('SELECT count(*)::int AS n FROM account WHERE stars = 3 AND twice = "Id" * 2')).rows,
  ).toEqual([{ n: 5 }]);
});
