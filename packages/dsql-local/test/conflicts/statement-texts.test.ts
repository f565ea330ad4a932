import { beforeAll, describe, expect, it } from "vitest";
import { lockingRead, withoutLocks } from "../../src/conflicts/locking-read.ts";
import { EXCLUSIVE, KEY_SHARE } from "../../src/conflicts/marks.ts";
import { sandboxText } from "../../src/conflicts/sandbox-names.ts";
import { loadParser } from "../../src/sql/pg-parser.ts";
import { parseQuery } from "../../src/statements/parse-query.ts";
import type { Statement } from "../../src/statements/statement.ts";

beforeAll(loadParser);

function statementOf(sql: string): Statement {
  const parsed = parseQuery(sql);
  if (!("statements" in parsed)) throw new Error(sql);
  return parsed.statements[0] as Statement;
}

describe("a locking read", () => {
  it("runs without its lock, and with a column for each table that it locks", () => {
    const read = lockingRead(
      statementOf(
        "SELECT a.id IS DISTINCT FROM 1 FROM t AS a JOIN u USING (id) ORDER BY 1 FOR UPDATE OF a NOWAIT",
      ),
    );
    expect(read?.columnMarks).toEqual([EXCLUSIVE]);
    expect(read?.text).toContain(', pg_catalog.dsql_local_row("a".tableoid, "a".ctid, "a") FROM t AS a');
    expect(read?.text).not.toContain("FOR UPDATE");
  });

  it("locks every table where it names none, each as strongly as it was asked", () => {
    const read = lockingRead(statementOf("SELECT 1 FROM t, u FOR KEY SHARE FOR UPDATE OF u"));
    expect(read?.columnMarks).toEqual([KEY_SHARE, KEY_SHARE | EXCLUSIVE]);
  });

  it("is left to PostgreSQL where that refuses the lock", () => {
    for (const sql of ["SELECT DISTINCT n FROM t FOR UPDATE", "SELECT n FROM t GROUP BY n FOR UPDATE"]) {
      expect(lockingRead(statementOf(sql))).toBeUndefined();
    }
  });

  it("is blanked out at any depth, and nowhere else", () => {
    const sql = "SELECT substring('for update' FOR 3) FROM (SELECT 1 FROM t FOR UPDATE SKIP LOCKED) AS q";
    expect(withoutLocks(sql).replace(/ +/g, " ")).toBe(
      "SELECT substring('for update' FOR 3) FROM (SELECT 1 FROM t ) AS q",
    );
    expect(withoutLocks(sql)).toHaveLength(sql.length);
  });
});

describe("a statement on copies", () => {
  it("names the copies where it named the tables with their schema, and only those", () => {
    const statement = statementOf(
      `UPDATE "public"."User" SET n = (SELECT max(x) FROM public.other) WHERE "public"."User"."id" = 'public.User'`,
    );
    expect(sandboxText(statement, (schema, table) => schema === "public" && table === "User")).toBe(
      `UPDATE pg_temp."User" SET n = (SELECT max(x) FROM public.other) WHERE pg_temp."User"."id" = 'public.User'`,
    );
  });
});
