import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../../src/sql/pg-parser.ts";
import { parseQuery } from "../../src/statements/parse-query.ts";
import type { Statement } from "../../src/statements/statement.ts";

beforeAll(loadParser);

function statements(sql: string): readonly Statement[] {
  const parsed = parseQuery(sql);
  if ("syntaxError" in parsed) throw new Error(`syntax error: ${sql}`);
  return parsed.statements;
}

const only = (sql: string): Statement => statements(sql)[0] as Statement;

describe("parseQuery", () => {
  it("turns CREATE INDEX ASYNC into a call that creates the index and returns the job's id", () => {
    expect(only("CREATE INDEX ASYNC ON t(a)")).toMatchObject({
      text: `SELECT job_id FROM pg_catalog.dsql_local_create_index('CREATE INDEX       ON t(a)', '"t"', ARRAY['a']::pg_catalog.text[], false) AS job_id`,
      commandTag: "CREATE INDEX",
      kind: "ddl",
      tables: [{ name: "t", start: 22 }],
    });
    expect(
      only("create unique index /* x */ async i on s.t using btree_index (a, (b || 'x'))").text,
    ).toContain(
      `'create  index /* x */       i on s.t  (a, (b || ''x''))', '"s"."t"', ARRAY['a']::pg_catalog.text[], true)`,
    );
  });

  it("takes async for a name where it is one", () => {
    expect(only("ALTER TABLE async ADD COLUMN c int")).toMatchObject({ tables: [{ name: "async" }] });
    expect(only("SELECT async FROM async").tables).toMatchObject([{ name: "async" }]);
    expect(only('CREATE TABLE "async" (async int)').commandTag).toBeUndefined();
  });

  it("reads ALTER TABLE ASYNC … VALIDATE CONSTRAINT", () => {
    expect(only('ALTER TABLE ASYNC public."T" VALIDATE CONSTRAINT c')).toMatchObject({
      text: expect.stringContaining(`dsql_local_validate_constraint('"public"."T"', 'c')`),
      commandTag: "ALTER TABLE",
    });
  });

  it("reads AWS IAM GRANT and REVOKE beside other statements, in the order of the text", () => {
    const sql =
      "SELECT 1; aws iam grant \"R\" to 'arn:aws:iam::1:role/é''s'; AWS IAM REVOKE r FROM 'a'; SELECT 2";
    expect(statements(sql).map(({ text, commandTag }) => [text, commandTag])).toEqual([
      ["SELECT 1", undefined],
      ["CALL pg_catalog.dsql_local_iam('GRANT', 'R', 'arn:aws:iam::1:role/é''s')", "AWS IAM GRANT"],
      ["CALL pg_catalog.dsql_local_iam('REVOKE', 'r', 'a')", "AWS IAM REVOKE"],
      ["SELECT 2", undefined],
    ]);
  });

  it("leaves a syntax error to PostgreSQL, in the text that PostgreSQL is to see", () => {
    expect(parseQuery("CREATE INDEX ASYNC public.i ON t(a)")).toEqual({
      syntaxError: true,
      text: "CREATE INDEX       public.i ON t(a)",
    });
    expect(parseQuery("SELEC 1")).toMatchObject({ syntaxError: true });
  });

  it("cuts statements apart where the text has characters of several bytes", () => {
    const [first, second] = statements("SELECT '😀é' ; \n SELECT 'ü' FROM é.t, b");
    expect(first?.source).toBe("SELECT '😀é' ");
    expect(second).toMatchObject({ source: "SELECT 'ü' FROM é.t, b", start: 17 });
    expect(second?.tables.map((table) => second.text.slice(table.start))).toEqual(["é.t, b", "b"]);
  });

  it("leaves out names that a WITH clause defines, where it defines them", () => {
    const names = (sql: string): string[] => only(sql).tables.map((table) => table.name);
    expect(names("WITH x AS (SELECT * FROM x), y AS (SELECT * FROM x) SELECT * FROM x, y, z")).toEqual([
      "x",
      "z",
    ]);
    expect(names("WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT * FROM x) SELECT * FROM x")).toEqual([]);
    expect(names("SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) s, x")).toEqual(["x"]);
    expect(names("WITH x AS (SELECT 1) SELECT * FROM s.x")).toEqual(["x"]);
  });

  it("marks the tables that a statement writes", () => {
    const sql = "WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d, c";
    expect(only(sql).tables).toMatchObject([
      { name: "a", isTarget: true },
      { name: "b", isTarget: true },
      { name: "c", isTarget: false },
    ]);
    expect(only("COPY t TO STDOUT").tables).toMatchObject([{ name: "t", isTarget: false }]);
    expect(only("COPY t FROM STDIN").tables).toMatchObject([{ name: "t", isTarget: true }]);
  });

  it.each([
    ["BEGIN", "begin"],
    ["START TRANSACTION READ ONLY", "begin"],
    ["END", "commit"],
    ["ABORT", "rollback"],
    ["GRANT SELECT ON t TO r", "ddl"],
    ["CREATE INDEX ASYNC ON t(a)", "ddl"],
    ["AWS IAM GRANT r TO 'a'", "ddl"],
    ["WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x", "write"],
    ["SELECT * FROM (SELECT 1 FROM t FOR KEY SHARE) s", "locking-read"],
    ["EXPLAIN ANALYZE DELETE FROM t", "write"],
    ["EXPLAIN DELETE FROM t", "other"],
    ["COPY t FROM STDIN", "write"],
    ["SHOW search_path", "other"],
    ["SELECT 1", "read"],
  ])("knows what %s is to a transaction", (sql, kind) => {
    expect(only(sql).kind).toBe(kind);
  });

  it("survives an expression that is nested too deeply, and reads the next text", async () => {
    const tooDeep = {
      statements: [{ refusal: { sqlstate: "54001", message: "stack depth limit exceeded" } }],
    };
    expect(parseQuery(`SELECT 1${"+1".repeat(50_000)}`)).toMatchObject(tooDeep);
    expect(only("SELECT 'meanwhile'").refusal).toMatchObject({ sqlstate: "XX000" });
    await loadParser();
    expect(only("SELECT 'meanwhile'").refusal).toBeUndefined();
    expect(only("SELECT 'after'").kind).toBe("read");
  });

  it("returns the same object for a text seen before", () => {
    expect(parseQuery("SELECT 'hot'")).toBe(parseQuery("SELECT 'hot'"));
  });
});
