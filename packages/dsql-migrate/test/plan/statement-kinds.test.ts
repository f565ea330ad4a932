import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModule, parseSync } from "libpg-query";
import { beforeAll, expect, test } from "vitest";
import { planMigration, planMigrations } from "../../src/index.ts";
import { STATEMENT_KINDS } from "../../src/plan/statements/kinds.ts";
import { BASE, SAMPLES } from "./statement-samples.ts";

beforeAll(() => loadModule());

/** Nodes of that name that are part of another statement, or that only the planner of PostgreSQL makes. */
const PARTS = new Set([
  "RawStmt",
  "SetOperationStmt",
  "ReturnStmt",
  "PLAssignStmt",
  "PlannedStmt",
  "ReplicaIdentityStmt",
  "CallContext",
]);

test("knows every kind of statement that PostgreSQL 16's grammar has", () => {
  const types = readFileSync(
    fileURLToPath(import.meta.resolve("@pgsql/types").replace(/[^/]*$/, "types.d.ts")),
    "utf8",
  );
  const kinds = [...types.matchAll(/^export interface (\w+Stmt)\b/gm)].map(([, name]) => name as string);
  expect(kinds.length).toBeGreaterThan(100);
  expect(kinds.filter((kind) => !PARTS.has(kind) && !(kind in STATEMENT_KINDS))).toEqual([]);
});

test("has a sample of every kind", () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(Object.keys(STATEMENT_KINDS).sort());
  for (const [kind, samples] of Object.entries(SAMPLES)) {
    for (const sql of samples) {
      const text = sql
        .replace(/^(CREATE (?:UNIQUE )?INDEX|ALTER TABLE) ASYNC/gm, "$1")
        .replace(/;\n[\s\S]*\\\.\n$/, "")
        .replace(/ALTER TABLE ASYNC/, "ALTER TABLE");
      const { stmts } = parseSync(text) as { stmts: { stmt: object }[] };
      expect(
        stmts.some(({ stmt }) => kind in stmt),
        `${kind}: ${sql}`,
      ).toBe(true);
    }
  }
});

test("refuses with advice and a page, or plans steps, for every sample", async () => {
  for (const sql of Object.values(SAMPLES).flat()) {
    const [, planned] = await planMigrations([
      { name: "base", sql: BASE },
      { name: "sample", sql },
    ]);
    const { ok, steps, problems } = planned?.plan ?? { ok: false, steps: [], problems: [] };
    for (const { advice, docs, message, source } of problems) {
      expect(message, sql).toMatch(/\.$/);
      expect(advice, sql).toMatch(/[.!]$/);
      expect(docs).toMatch(/^https:\/\/docs\.aws\.amazon\.com\//);
      expect(source.file).toBe("sample");
      expect(source.offset + source.length).toBeLessThanOrEqual(sql.length);
    }
    if (ok) expect(steps.length + problems.length, sql).toBeGreaterThan(0);
    else {
      expect(problems.some(({ severity }) => severity === "error")).toBe(true);
      expect(steps).toEqual([]);
    }
  }
});

test("reports text that does not parse where it goes wrong", async () => {
  const plan = await planMigration("SELECT 'é😀';\nCREATE TABEL t ()");
  expect(plan).toMatchObject({
    ok: false,
    steps: [],
    problems: [{ rule: "syntax-error", source: { line: 2, column: 8 } }],
  });
});
