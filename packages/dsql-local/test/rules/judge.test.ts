import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readRecordings } from "../../src/conformance/recording.ts";
import type { CatalogQuery, Refusal } from "../../src/rules/refusal.ts";
import { loadParser } from "../../src/sql/pg-parser.ts";
import { parseQuery } from "../../src/statements/parse-query.ts";
import type { Statement } from "../../src/statements/statement.ts";

beforeAll(loadParser);

const statement = (sql: string): Statement => {
  const parsed = parseQuery(sql);
  if ("syntaxError" in parsed) throw new Error(`syntax error: ${sql}`);
  return parsed.statements[0] as Statement;
};

/** Every refused statement of the recordings of expectations that the text alone decides. */
async function refusals(): Promise<{ sql: string; told: string; refusal: Refusal }[]> {
  const folder = await readRecordings(join(import.meta.dirname, "..", "..", "conformance"));
  const cases = folder.recordings.flatMap((recording) => recording.cases);
  return cases.flatMap(({ steps, observations }) =>
    steps.flatMap((sql, index) => {
      const observation = observations[index];
      const parsed = parseQuery(sql);
      if (observation?.sqlstate !== "0A000" || !("statements" in parsed)) return [];
      const { refusal } = parsed.statements[0] as Statement;
      return refusal ? [{ sql, told: observation.message ?? "", refusal }] : [];
    }),
  );
}

describe("a refusal", () => {
  it("has DSQL's text, and tells the rule, what to write instead, and the page of the user guide", async () => {
    const found = await refusals();
    expect(found.length).toBeGreaterThan(120);
    for (const { told, refusal } of found) {
      expect(refusal.message).toBe(told);
      expect(refusal.rule).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      expect(refusal.advice).toMatch(/^[A-Z].*\.$/);
      expect(refusal.documentation).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/aurora-dsql\/.*\.html$/);
    }
  });

  it("does not come from text in comments, strings and names", () => {
    for (const sql of [
      "SELECT 'TRUNCATE t; SAVEPOINT a' AS \"for share\"",
      "SELECT 1 /* FOR SHARE */ -- SAVEPOINT a",
      'CREATE TABLE "temp" (serial int, money text, inet text)',
      "SELECT set_config FROM settings",
    ]) {
      expect(statement(sql).refusal).toBeUndefined();
    }
  });

  it("is found however deeply the refused part is nested", () => {
    for (const sql of [
      "WITH a AS (SELECT * FROM (SELECT * FROM t FOR SHARE) s) SELECT * FROM a",
      "SELECT (SELECT pg_advisory_lock(1))",
      "INSERT INTO t SELECT * FROM u TABLESAMPLE SYSTEM (1)",
      "CREATE VIEW v AS SELECT * FROM t FOR SHARE",
      "EXPLAIN SELECT * FROM t FOR NO KEY UPDATE",
      "CREATE SCHEMA s CREATE TABLE t (a int[])",
    ]) {
      expect(statement(sql).refusal).toBeDefined();
    }
  });
});

describe("a question to the catalog", () => {
  const answering = (rows: (string | null)[][]): CatalogQuery => ({ query: async () => rows });

  it("is asked of statements that the text alone cannot decide, and of no others", () => {
    expect(statement("SELECT 1").catalogChecks).toBeUndefined();
    expect(statement("ALTER TABLE t ALTER a SET DEFAULT 1").catalogChecks).toBeUndefined();
    expect(statement("ALTER TABLE t DROP COLUMN a").catalogChecks).toHaveLength(1);
  });

  it("returns a refusal if the check finds one", async () => {
    const [check] = statement("ALTER TABLE t DROP COLUMN id").catalogChecks ?? [];
    expect(await check?.(answering([["1"]]))).toMatchObject({ message: "cannot drop primary key column id" });
    expect(await check?.(answering([]))).toBeUndefined();
  });
});
