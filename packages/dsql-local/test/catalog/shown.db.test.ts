import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";
import { psql } from "../support/psql.ts";

const OWN = /dsql_local|dsql_superuser|postgres_set_config|postgres_current_setting/;
let dsql: LocalDsql;
let admin: Client;

beforeAll(async () => {
  dsql = await startLocalDsql();
  admin = await connect(dsql);
  await admin.query("CREATE TABLE parent (id int PRIMARY KEY, n int)");
  await admin.query("CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)");
  await admin.query("INSERT INTO parent VALUES (1, 1)");
});
afterAll(async () => {
  await admin?.end();
  await dsql?.stop();
});

async function rows(sql: string): Promise<unknown[]> {
  return (await admin.query(sql)).rows;
}

describe("the catalog", () => {
  it.each([
    "SELECT * FROM pg_roles",
    "SELECT * FROM pg_catalog.pg_user",
    "SELECT * FROM pg_event_trigger",
    "SELECT oid, relname FROM pg_catalog.pg_class",
    "SELECT proname FROM pg_proc AS p",
    "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid",
    "SELECT * FROM pg_tables",
    "SELECT typname FROM pg_type",
    "SELECT * FROM pg_indexes",
    "SELECT conname FROM pg_constraint",
    "SELECT routine_name FROM information_schema.routines",
    "SELECT table_name FROM information_schema.tables",
    "SELECT a.attrelid::regclass::text FROM ONLY pg_namespace AS n, pg_attribute AS a",
    "WITH names AS (SELECT relname FROM pg_class) SELECT * FROM names",
    "SELECT (SELECT string_agg(relname, ' ') FROM pg_class)",
  ])("shows nothing of the endpoint's own in %s", async (sql) => {
    const found = await rows(sql);
    expect(JSON.stringify(found)).not.toMatch(OWN);
    if (!sql.includes("event_trigger")) expect(found.length).toBeGreaterThan(0);
  });

  it("keeps the names of catalogs, their columns and the oids by which they are referred to", async () => {
    expect(
      await rows(`SELECT pg_class.relname, c.tableoid = 'pg_catalog.pg_class'::regclass AS same
        FROM pg_class, pg_catalog.pg_class c WHERE pg_class.oid = c.oid AND c.relname = 'parent'`),
    ).toEqual([{ relname: "parent", same: true }]);
    await admin.query("COMMENT ON TABLE parent IS 'commented'");
    expect(
      await rows(`SELECT description FROM pg_description JOIN pg_class ON objoid = pg_class.oid
        WHERE classoid = 'pg_class'::regclass AND relname = 'parent'`),
    ).toEqual([{ description: "commented" }]);
  });

  it("has triggers for a table only where a cluster has them", async () => {
    await admin.query("CREATE TABLE alone (id int PRIMARY KEY)");
    expect(
      await rows(
        "SELECT relname, relhastriggers FROM pg_class WHERE relname IN ('alone', 'child') ORDER BY 1",
      ),
    ).toEqual([
      { relname: "alone", relhastriggers: false },
      { relname: "child", relhastriggers: true },
    ]);
    expect(await rows("SELECT FROM pg_trigger WHERE tgrelid = 'alone'::regclass")).toEqual([]);
  });

  it("does not change a statement whose table, the user's own, is named like a catalog", async () => {
    expect(await rows("WITH pg_class AS (SELECT 1 AS mine) SELECT * FROM pg_class")).toEqual([{ mine: 1 }]);
  });

  it.each([
    "\\dy",
    "\\du",
    "\\dt *.*",
    "\\df *",
    "\\d parent",
    "\\d+ child",
    "\\dT",
    "\\dn+",
    "\\l",
    "\\di *.*",
  ])("shows nothing of the endpoint's own in psql's %s", async (command) => {
    expect(await psql(dsql, command)).not.toMatch(OWN);
  });
});

describe("EXPLAIN ANALYZE", () => {
  it.each(["TEXT", "JSON", "YAML", "XML"])("lists none of the endpoint's triggers as %s", async (format) => {
    const explained = await rows(
      `EXPLAIN (ANALYZE, VERBOSE, FORMAT ${format}) INSERT INTO child VALUES ((random() * 1e9)::int, 1)`,
    );
    const text = JSON.stringify(explained);
    expect(text).not.toMatch(OWN);
    expect(text).toContain("child_parent_fkey");
    if (format === "JSON") {
      const [
        {
          "QUERY PLAN": [plan],
        },
      ] = explained as [{ "QUERY PLAN": [{ Triggers: unknown[] }] }];
      expect(plan.Triggers).toHaveLength(1);
    }
  });
});

describe("ALTER ROLE and ALTER USER … SET", () => {
  it("take what a startup parameter may set, effective from the next login", async () => {
    await admin.query("CREATE SCHEMA app");
    await admin.query('ALTER USER "admin" SET search_path = app, public');
    await admin.query("ALTER ROLE admin SET disable_sync_create_index = off");
    const next = await connect(dsql);
    expect((await next.query("SHOW search_path")).rows).toEqual([{ search_path: "app, public" }]);
    expect((await next.query("SHOW disable_sync_create_index")).rows).toEqual([
      { disable_sync_create_index: "off" },
    ]);
    await next.query("ALTER ROLE admin RESET ALL");
    await next.end();
    const last = await connect(dsql);
    expect((await last.query("SHOW search_path")).rows).toEqual([{ search_path: '"$user", public' }]);
    expect((await last.query("SHOW disable_sync_create_index")).rows).toEqual([
      { disable_sync_create_index: "on" },
    ]);
    await last.end();
  });

  it("refuse every other parameter as SET does", async () => {
    await expect(admin.query("ALTER ROLE admin SET statement_timeout = 1")).rejects.toMatchObject({
      code: "0A000",
      message: 'setting configuration parameter "statement_timeout" not supported',
    });
    await expect(admin.query("ALTER ROLE admin SET role = 'postgres'")).rejects.toMatchObject({
      code: "0A000",
    });
  });
});

describe("a value of a type that DSQL does not have", () => {
  it.each([
    ["SELECT line('{1,2,3}')", "line"],
    ["SELECT circle(point(1, 2), 3)", "circle"],
    ["SELECT '{1,2,3}'::line", "line"],
    ["SELECT CAST('(1,2)' AS pg_catalog.point)", "point"],
    ["SELECT box '((0,0),(1,1))'", "box"],
    ["SELECT ARRAY['{1,2,3}']::line[]", "line[]"],
    ["SELECT int4range(1, 2)", "int4range"],
    ["SELECT '1'::money", "money"],
    ["SELECT xmlelement(name a)", "xml"],
    ["SELECT B'101'", "bit"],
    [
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM (SELECT circle ''((0,0),1)'') AS s'",
      "circle",
    ],
    ["CREATE VIEW v AS SELECT '{1,2,3}'::line AS l", "line"],
  ])("is refused in %s", async (sql, type) => {
    await expect(admin.query(sql)).rejects.toMatchObject({
      code: "0A000",
      message: `datatype ${type} not supported`,
    });
  });

  it("does not stand in the way of arrays, inet, catalog types and paths into jsonb", async () => {
    const sql = "SELECT '{1,2}'::int[], '10.0.0.1'::inet, 'parent'::regclass, '$.a'::jsonpath, 1::oid";
    expect(await rows(sql)).toHaveLength(1);
  });
});
