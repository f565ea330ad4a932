import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../../src/sql/pg-parser.ts";
import { parseQuery } from "../../src/statements/parse-query.ts";

beforeAll(loadParser);

const statement = fc.oneof(
  fc
    .string({ unit: "grapheme" })
    .map((text) => `SELECT '${text.replaceAll("'", "''").replaceAll("\0", "")}' FROM "é;"."t"`),
  fc.constantFrom(
    "INSERT INTO ü VALUES ($$;$$)",
    "CREATE INDEX ASYNC ON t (a)",
    "AWS IAM REVOKE r FROM 'a;b'",
    "TRUNCATE t",
    "WITH w AS (DELETE FROM ß RETURNING 1) SELECT * FROM w, s.w",
  ),
);

describe("parseQuery of several statements", () => {
  it("finds each of them as it was written, and its tables at their positions", () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 5 }), (parts) => {
        const sql = parts.join(" ;\n");
        const parsed = parseQuery(sql);
        if ("syntaxError" in parsed) throw new Error(`syntax error: ${sql}`);
        expect(parsed.statements.map((found) => found.source.trimEnd())).toEqual(parts);
        for (const { start, source, tables } of parsed.statements) {
          expect(sql.slice(start, start + source.length)).toBe(source);
          for (const table of tables) {
            const name = table.schema ?? table.name;
            expect(source.slice(table.start).replace(/^"/, "").startsWith(name)).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("returns statements or a syntax error for any text, however broken", () => {
    const broken = fc.tuple(statement, fc.nat(), fc.string()).map(([sql, at, text]) => {
      const place = at % (sql.length + 1);
      return sql.slice(0, place) + text.replaceAll("\0", "") + sql.slice(place + 1);
    });
    fc.assert(
      fc.property(fc.oneof(broken, fc.string({ unit: "binary" })), (sql) => {
        const parsed = parseQuery(sql.replaceAll("\0", ""));
        expect("statements" in parsed || parsed.syntaxError).toBeTruthy();
      }),
      { numRuns: 40 },
    );
  });
});
