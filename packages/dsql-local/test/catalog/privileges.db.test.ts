import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TEMPLATE_SQL } from "../../src/catalog/template-sql.ts";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { SUPERUSER } from "../../src/postgres/data-directory.ts";
import { startDatabase } from "../../src/postgres/database.ts";
import { SESSION_PARAMETERS } from "../../src/rules/parameters.ts";
import { BackendConnection } from "../../src/wire/backend-connection.ts";
import { connect } from "../support/client.ts";

let dsql: LocalDsql;
let admin: Client;
let reader: Client;
/** The database as a session's connection to PostgreSQL sees it, without the endpoint between. */
let database: Awaited<ReturnType<typeof startDatabase>>;
let superuser: BackendConnection;

beforeAll(async () => {
  dsql = await startLocalDsql();
  admin = await connect(dsql);
  await admin.query("CREATE TABLE kept (id int PRIMARY KEY)");
  await admin.query("INSERT INTO kept VALUES (1)");
  await admin.query("CREATE ROLE reader WITH LOGIN");
  await admin.query("AWS IAM GRANT reader TO 'arn:aws:iam::123456789012:role/reader'");
  reader = await connect(dsql, { user: "reader" });
  database = await startDatabase({ maxConnections: 20, setupSql: TEMPLATE_SQL });
  superuser = await BackendConnection.open(database.address, { user: SUPERUSER, database: "postgres" });
  await superuser.query("CREATE ROLE reader LOGIN");
});
afterAll(async () => {
  await superuser?.end();
  await database?.stop();
  await reader?.end();
  await admin?.end();
  await dsql?.stop();
});

async function column(connection: BackendConnection, sql: string): Promise<string[]> {
  const [result] = await connection.query(sql);
  return (result?.rows ?? []).map(([value]) => value ?? "");
}

/** The names in a list of the README, each between backticks. */
async function documented(kind: string): Promise<string[]> {
  const readme = await readFile(join(import.meta.dirname, "..", "..", "README.md"), "utf8");
  const line = new RegExp(`^- ${kind}: (.*(?:\\n {2}.*)*)`, "m").exec(readme)?.[1];
  if (line === undefined) throw new Error(`the README has no list of ${kind}`);
  return [...line.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name).sort();
}

/** It checks a key that only the endpoint has. */
const HAS_KEY = "coalesce(p.proargnames[1] = 'key', false)";
const NOT_STOCK = "(p.oid >= 16384 OR p.proname LIKE 'dsql\\_local%' OR p.proname LIKE 'postgres\\_%')";

describe("what belongs to the endpoint", () => {
  it("leaves an ordinary role the functions that the README lists, and no other", async () => {
    const reachable = await column(
      superuser,
      `SELECT DISTINCT p.pronamespace::regnamespace || '.' || p.proname FROM pg_proc AS p
       WHERE ${NOT_STOCK} AND NOT ${HAS_KEY} AND has_schema_privilege('reader', p.pronamespace, 'USAGE')
         AND has_function_privilege('reader', p.oid, 'EXECUTE') ORDER BY 1`,
    );
    expect(reachable.sort()).toEqual(await documented("Functions"));
  });

  it("refuses an ordinary role each of its other functions, called by name on its own connection", async () => {
    const others = await superuser.query(
      `SELECT p.oid::regprocedure::text, p.prokind, p.prorettype::regtype,
         (SELECT string_agg(CASE WHEN p.proisstrict THEN '''0''::' ELSE 'NULL::' END || t::regtype, ', ') FROM unnest(p.proargtypes) AS t)
       FROM pg_proc AS p
       WHERE ${NOT_STOCK} AND (${HAS_KEY} OR NOT has_function_privilege('reader', p.oid, 'EXECUTE'))`,
    );
    const rows = others[0]?.rows ?? [];
    expect(rows.length).toBeGreaterThan(10);
    const own = await BackendConnection.open(database.address, { user: "reader", database: "postgres" });
    for (const [signature, kind, type, values] of rows) {
      const name = (signature as string).replace(/\(.*/, "");
      const call = `${kind === "p" ? "CALL" : "SELECT"} ${name}(${values ?? ""})`;
      const isTrigger = type === "trigger" || type === "event_trigger";
      const error = await own.query(call).catch((reason: unknown) => reason as { sqlstate: string });
      expect({ call, sqlstate: (error as { sqlstate?: string }).sqlstate }).toEqual({
        call,
        sqlstate: isTrigger ? expect.stringMatching(/^(42501|0A000)$/) : "42501",
      });
    }
    await own.end();
  });

  it("leaves an ordinary role the relations that the README lists, for reading", async () => {
    const privileges = (list: string): Promise<string[]> =>
      column(
        superuser,
        `SELECT c.relnamespace::regnamespace || '.' || c.relname FROM pg_class AS c
         WHERE (c.oid >= 16384 OR c.relname LIKE 'dsql\\_local%') AND c.relkind IN ('r', 'v', 'S', 'm')
           AND has_schema_privilege('reader', c.relnamespace, 'USAGE')
           AND has_table_privilege('reader', c.oid, '${list}') ORDER BY 1`,
      );
    expect(await privileges("SELECT")).toEqual(await documented("Relations"));
    expect(await privileges("INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES")).toEqual([]);
  });

  it("leaves an ordinary role nothing to write in the catalog, and no function that runs SQL from a text", async () => {
    expect(
      await column(
        superuser,
        `SELECT c.oid::regclass FROM pg_class AS c
         WHERE c.relnamespace IN ('pg_catalog'::regnamespace, 'sys'::regnamespace, 'information_schema'::regnamespace)
           AND c.relkind IN ('r', 'v') AND has_table_privilege('reader', c.oid, 'INSERT, UPDATE, DELETE')`,
      ),
    ).toEqual([]);
    const dynamic = "'^(ts_stat|ts_rewrite|(query|cursor|table|schema|database)_to_xml.*)$'";
    expect(
      await column(
        superuser,
        `SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.proname ~ ${dynamic}
           AND has_function_privilege('reader', p.oid, 'EXECUTE')`,
      ),
    ).toEqual([]);
  });

  it("grants an ordinary role no membership, and sessions only the parameters in the README", async () => {
    expect(
      await column(
        superuser,
        "SELECT rolname FROM pg_roles WHERE pg_has_role('reader', oid, 'MEMBER') AND rolname <> 'reader'",
      ),
    ).toEqual([]);
    const names = await column(superuser, "SELECT name FROM pg_settings ORDER BY 1");
    const settable: string[] = [];
    for (const name of [
      ...names,
      "role",
      "session_authorization",
      "dsql_local.rows",
      "dsql_local.max_rows",
    ]) {
      const set = reader.query("SELECT set_config($1, current_setting($1, true), false)", [name]);
      if (
        await set.then(
          () => true,
          () => false,
        )
      )
        settable.push(name.toLowerCase());
    }
    expect(settable.sort()).toEqual(
      [...SESSION_PARAMETERS]
        .filter((name) => !name.includes("sync_create") && !name.includes("batched"))
        .sort(),
    );
    expect(await documented("Settings")).toEqual([...SESSION_PARAMETERS].sort());
  });
});

describe("a role without rights", () => {
  const nested = `SELECT 1${"+1".repeat(20_000)}`;

  it.each([
    "SELECT pg_catalog.dsql_local_sandbox('DELETE FROM kept', '{}', 1)",
    "SELECT dsql_local_replay('[]', 0)",
    "SELECT postgres_set_config('session_authorization', 'postgres', false)",
    "SELECT pg_catalog.postgres_set_config('role', 'postgres', false)",
    "SELECT * FROM ts_stat('SELECT postgres_set_config(''role'', ''postgres'', false)')",
    "SELECT query_to_xml('DELETE FROM kept', true, true, '')",
    "SET SESSION AUTHORIZATION postgres",
    "CREATE FUNCTION escape() RETURNS void LANGUAGE sql SET session_authorization = 'postgres' AS 'DELETE FROM kept'",
    "SET SESSION AUTHORIZATION postgres; NESTED",
    "RESET SESSION AUTHORIZATION; NESTED",
    "SELECT * FROM pg_catalog.dsql_local_job",
    "SHOW dsql_local.max_rows",
    "SELECT current_setting('dsql_local.max_rows')",
  ])("is refused %s", async (sql) => {
    await expect(reader.query(sql.replace("NESTED", nested))).rejects.toMatchObject({ severity: "ERROR" });
    expect((await reader.query("SELECT session_user, current_user")).rows).toEqual([
      { session_user: "reader", current_user: "reader" },
    ]);
    await expect(reader.query("DELETE FROM kept")).rejects.toMatchObject({ code: "42501" });
    expect((await admin.query("SELECT count(*)::int AS n FROM kept")).rows).toEqual([{ n: 1 }]);
  });

  it("cannot have a text run that the parser did not read while another session has broken the parser", async () => {
    const other = await connect(dsql);
    const broken = Promise.allSettled([other.query(nested), other.query(nested), other.query(nested)]);
    const escapes = Array.from({ length: 20 }, () =>
      reader.query("SET SESSION AUTHORIZATION postgres").then(
        () => "ran",
        () => "refused",
      ),
    );
    expect(new Set(await Promise.all(escapes))).toEqual(new Set(["refused"]));
    await broken;
    expect((await reader.query("SELECT session_user")).rows).toEqual([{ session_user: "reader" }]);
    await other.end();
  });

  it("does not log in as PostgreSQL's superuser", async () => {
    await expect(connect(dsql, { user: SUPERUSER })).rejects.toMatchObject({ code: "08006" });
  });
});
