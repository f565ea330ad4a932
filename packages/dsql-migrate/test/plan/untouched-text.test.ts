import fc from "fast-check";
import { expect, test } from "vitest";
import { planMigration } from "../../src/index.ts";
import { tokenize } from "../../src/plan/sql/lexer.ts";
import { arbitraryScript } from "./arbitrary-ddl.ts";

test("leaves the text of a statement that needs no change as it was written", async () => {
  const sql = `-- first
/* second */ CREATE TABLE "Ünïcode 😀" (
  id   uuid PRIMARY KEY , -- the key; of course
  "t"  text DEFAULT $body$ -- no comment ; $body$ /* really */
)  ; -- end
  select 1 -- one`;
  const { steps } = await planMigration(sql);
  expect(steps.map((step) => step.sql)).toEqual([
    sql.slice(sql.indexOf("CREATE"), sql.indexOf("  ; -- end")),
    "select 1 -- one",
  ]);
  for (const { source, original, changes } of steps) {
    expect(sql.slice(source.offset, source.offset + source.length)).toBe(original);
    expect(changes).toEqual([]);
  }
});

test("keeps comments, spelling and white space around what it changes", async () => {
  const { steps } = await planMigration(`Create  Unique /* why */ INDEX i -- named
  ON t USING btree ( "A" /* é */ ASC -- first
  , lower( b ) text_ops )`);
  expect(steps[0]?.sql).toBe(`Create  Unique /* why */ INDEX ASYNC i -- named
  ON t ( "A" /* é */ -- first
  , lower( b ) )`);
});

test("names places in UTF-16 units, whatever comes before", async () => {
  const line = '\t/* ü */ CREATE INDEX i ON t (a, "ß" DESC)';
  const sql = `SELECT '😀é', 'x';\n${line}`;
  const { problems } = await planMigration(sql);
  expect(problems).toMatchObject([
    {
      rule: "index-desc",
      source: { line: 2, column: line.indexOf("DESC") + 1, offset: sql.indexOf("DESC"), length: 4 },
    },
  ]);
});

test("plans the same from a plan's own statements: a second pass changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryScript, async (sql) => {
      const first = await planMigration(sql);
      if (!first.ok) return;
      // A backfill's batch needs nothing; the rest is DSQL's own SQL.
      const statements = first.steps.filter(({ kind }) => kind !== "backfill").map((step) => step.sql);
      const second = await planMigration(statements.join(";\n"));
      expect(second.problems.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(second.steps.map((step) => step.sql)).toEqual(statements);
      expect(second.steps.flatMap(({ changes }) => changes)).toEqual([]);
    }),
    {
      numRuns: 300,
      examples: [
        [
          "CREATE TABLE a (id int PRIMARY KEY, t text);\nALTER TABLE a ADD CHECK (id <> 5);\nALTER TABLE a ALTER t SET NOT NULL",
        ],
      ],
    },
  );
});

test("tells every step where it comes from", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryScript, async (sql) => {
      const { steps, problems } = await planMigration(sql);
      for (const { source, original } of steps)
        expect(sql.slice(source.offset, source.offset + source.length)).toBe(original);
      for (const { source } of problems) {
        const lines = sql.slice(0, source.offset).split("\n");
        expect(source).toMatchObject({ line: lines.length, column: (lines.at(-1) ?? "").length + 1 });
      }
    }),
    { numRuns: 200 },
  );
});

test("cuts any text into tokens that follow one another and end", () => {
  const pieces = fc.constantFrom(
    "'",
    '"',
    "$$",
    "$a$",
    "--",
    "/*",
    "*/",
    "\\",
    "E'",
    'U&"',
    ";",
    "(",
    ")",
    ".",
    "::",
    "1.5e3",
    "ab",
    "😀",
    "é",
    "\n",
    " ",
    "+-",
    "$1",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      const sql = parts.join("");
      let at = 0;
      for (const { start, end } of tokenize(sql)) {
        expect(start).toBeGreaterThanOrEqual(at);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(sql.length);
        at = end;
      }
    }),
  );
});
