import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../../src/sql/pg-parser.ts";
import { parseQuery } from "../../src/statements/parse-query.ts";

beforeAll(loadParser);

function refusalOf(lateral: string): string | undefined {
  const parsed = parseQuery(`SELECT * FROM t o LEFT JOIN LATERAL (${lateral}) l ON true`);
  return "statements" in parsed ? parsed.statements[0]?.refusal?.message : "syntax error";
}

describe("LEFT JOIN LATERAL", () => {
  it.each([
    ["SELECT o.a FROM child c", "child"],
    ["SELECT c.id, o.a FROM child c", "child"],
    ["SELECT 1 FROM generate_series(1, 2) g", undefined],
    ["SELECT o.a FROM generate_series(1, 2) g", undefined],
    ["SELECT o.a FROM (SELECT 1) s", undefined],
    ["SELECT o.a FROM (SELECT 1) s, child", "child"],
    ["SELECT o.a FROM child JOIN other ON true", "child"],
    ["SELECT o.a", undefined],
    ["SELECT c.id FROM child c WHERE c.t = o.id", undefined],
  ])("of (%s) names the first plain table of its FROM where it is refused: %s", (lateral, table) => {
    expect(refusalOf(lateral)).toBe(table && `attribute 1 of type ${table} has wrong type`);
  });
});
