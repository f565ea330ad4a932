import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writtenRows } from "../src/client/written-rows.ts";

const rows = (text: string, values?: readonly unknown[]) => writtenRows([{ text, values }]);

describe("the rows that a statement writes", () => {
  test.each<[string, string, unknown[], string[]]>([
    ["an UPDATE by key", "UPDATE items SET n = $2 WHERE id = $1", [7, 1], ['items(id="7")']],
    ["what Drizzle writes", 'update "items" set "n" = $1 where "items"."id" = $2', [1, 7], ['items(id="7")']],
    ["what Kysely writes", 'update "items" set "n" = "n" + $1 where "id" = $2', [1, 7], ['items(id="7")']],
    [
      "what Prisma writes",
      'UPDATE "public"."items" SET "n" = ("public"."items"."n" + $1) WHERE ("public"."items"."id" = $2 AND 1=1) RETURNING "public"."items"."id"',
      [1, 7],
      ['items(id="7")'],
    ],
    ["a literal", "update items set n = n + 1 where id = 'it''s'", [], ['items(id="it\'s")']],
    ["a cast", "update items set n = 1 where id = $1::uuid", ["7"], ['items(id="7")']],
    ["an alias", "UPDATE ONLY s.items AS i SET n = 0 WHERE i.id = 7", [], ['s.items(id="7")']],
    ["a DELETE of ONLY", "DELETE FROM ONLY t WHERE id = 7", [], ['t(id="7")']],
    ["parentheses in parentheses", "DELETE FROM t WHERE ((a = 1) AND (b = 2))", [], ['t(a="1",b="2")']],
    ["a statement behind blanks", " \n\tDELETE FROM t WHERE id = 7", [], ['t(id="7")']],
    [
      "another schema's table by a key of two columns",
      "DELETE FROM s.t WHERE b = 1 AND a = 2",
      [],
      ['s.t(a="2",b="1")'],
    ],
    ["a DELETE", "DELETE FROM items WHERE id = $1 RETURNING n", [7n], ['items(id="7")']],
    ["a composite key in any order", "DELETE FROM t WHERE b = 2 AND (a = 1)", [], ['t(a="1",b="2")']],
    ["a version", "UPDATE t SET v = $1, x = 1 WHERE id = $2 AND v = $3", [4, 7, 3], ['t(id="7")']],
    ["a guard", "UPDATE t SET stock = stock - 1 WHERE id = 7 AND stock > 0", [], ['t(id="7")']],
    ["a soft delete", "UPDATE t SET n = 1 WHERE id = 7 AND gone IS NOT NULL", [], ['t(id="7")']],
    ["IN", "DELETE FROM t WHERE id IN ($1, $2)", [1, 2], ['t(id="1")', 't(id="2")']],
    ["ANY", "DELETE FROM t WHERE id = ANY($1::int[])", [[1, 2]], ['t(id="1")', 't(id="2")']],
    ["a locking read", "SELECT * FROM t WHERE id = 7 ORDER BY id FOR UPDATE", [], ['t(id="7")']],
    ["two blanks", "SELECT * FROM t WHERE id = 7 FOR  UPDATE", [], ['t(id="7")']],
    ["a lock without the key", "SELECT * FROM t WHERE id = 7 FOR NO  KEY UPDATE", [], ['t(id="7")']],
    ["a lock of the key", "SELECT * FROM t WHERE id = 7 FOR KEY SHARE", [], ['t(id="7")']],
    ["a column that is empty", "UPDATE t SET n = 1 WHERE id = 7 AND gone IS NULL", [], ['t(id="7")']],
    [
      "a parameter of two digits",
      "DELETE FROM t WHERE id = $10",
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      ['t(id="9")'],
    ],
    ["a number with decimals", "DELETE FROM t WHERE id = 12.25", [], ['t(id="12.25")']],
    [
      "a key in an upsert's order",
      "INSERT INTO t (b, a) VALUES (2, 1) ON CONFLICT (b, a) DO NOTHING",
      [],
      ['t(a="1",b="2")'],
    ],
    ["a query that is assigned", "UPDATE t SET n = (SELECT 1 FROM u) WHERE id = 7", [], ['t(id="7")']],
    ["a comment with SQL in it", "UPDATE t -- set x, y where\n SET n = 1 WHERE id = 7", [], ['t(id="7")']],
    ["comments in a condition", "DELETE FROM t WHERE /* a * b ** */ id = /**/ 7", [], ['t(id="7")']],
    ["as many rows as are allowed", "DELETE FROM t WHERE id = ANY($1)", [Array(20).fill(7)], ['t(id="7")']],
    ["comments", "/* x */ UPDATE t -- y\n SET n = 1 WHERE id = 7;", [], []],
    ["a comment inside", "UPDATE t -- y\n SET n = /* z */ 1 WHERE id = 7;", [], ['t(id="7")']],
    [
      "an upsert",
      "INSERT INTO t (n, id) VALUES ($1, $2), (1, 8) ON CONFLICT (id) DO UPDATE SET n = t.n + 1",
      [1, 7],
      ['t(id="7")', 't(id="8")'],
    ],
  ])("are known for %s", (_, text, values, expected) => {
    expect(rows(text, values)).toEqual(expected);
  });

  test.each([
    ["a plain read", "SELECT * FROM t WHERE id = 7"],
    ["a plain INSERT", "INSERT INTO t (id) VALUES (7)"],
    ["no condition", "UPDATE t SET n = 1"],
    ["OR", "UPDATE t SET n = 1 WHERE id = 7 OR id = 8"],
    ["OR inside AND", "UPDATE t SET n = 1 WHERE id = 7 AND (a = 1 OR b = 2)"],
    ["OR behind an assigned column", "UPDATE t SET n = 1 WHERE id = 7 AND n = 0 OR x = 2"],
    ["OR in parentheses behind an assigned column", "UPDATE t SET n = 1 WHERE id = 7 AND (n = 0 OR x = 2)"],
    ["an operator on an assigned column", "UPDATE t SET n = 1 WHERE id = 7 AND n LIKE 'x'"],
    ["a comparison with a function of an assigned column", "UPDATE t SET n = 1 WHERE id = 7 AND n > f(1)"],
    [
      "a test of an assigned column that is not a NULL test",
      "UPDATE t SET n = 1 WHERE id = 7 AND n IS NOT DISTINCT FROM null",
    ],
    [
      "a test of an assigned column that begins like a NULL test",
      "UPDATE t SET n = 1 WHERE id = 7 AND n IS NULL = true",
    ],
    ["a column alone", "UPDATE t SET n = 1 WHERE gone"],
    [
      "a second statement after a version check",
      "UPDATE t SET v = 1 WHERE id = 7 AND v = 0; UPDATE t SET v = 1 WHERE id = 8",
    ],
    ["a list among assigned columns", "UPDATE t SET n = 1, (a, b) = (1, 2) WHERE id = 7"],
    ["the first rows of an order", "SELECT * FROM t WHERE id = 7 ORDER BY n LIMIT 1 FOR UPDATE"],
    ["two tables", "SELECT * FROM t, u WHERE id = 7 FOR UPDATE"],
    ["a table without a name", "UPDATE 7 SET n = 1 WHERE id = 7"],
    ["a DELETE without a name", "DELETE FROM 7 WHERE id = 7"],
    ["a lock without a name", "SELECT * FROM 7 WHERE id = 7 FOR UPDATE"],
    ["an upsert without a name", "INSERT INTO 7 (id) VALUES (7) ON CONFLICT (id) DO NOTHING"],
    ["an upsert without columns", "INSERT INTO t VALUES (7) ON CONFLICT DO NOTHING"],
    ["an upsert without a key", "INSERT INTO t (id) VALUES (7) ON CONFLICT DO NOTHING"],
    ["an upsert of a row without parentheses", "INSERT INTO t (id) VALUES 7 ON CONFLICT (id) DO NOTHING"],
    [
      "an upsert by a key with a collation",
      "INSERT INTO t (id) VALUES (7) ON CONFLICT (id COLLATE x) DO NOTHING",
    ],
    [
      "an upsert without a part of its key",
      "INSERT INTO t (a, b) VALUES (7, $1) ON CONFLICT (a, b) DO NOTHING",
    ],
    ["a schema without a table", "UPDATE public.'t' SET n = 1 WHERE id = 7"],
    ["an INSERT without INTO", "INSERT u t (id) VALUES (7) ON CONFLICT (id) DO NOTHING"],
    [
      "an upsert with parentheses the wrong way round",
      "INSERT INTO t ) ( VALUES (7) ON CONFLICT (id) DO NOTHING",
    ],
    ["a lock without a table", "SELECT 1 WHERE id = 7 FOR UPDATE"],
    ["an upsert of no columns", "INSERT INTO t () VALUES (7) ON CONFLICT () DO NOTHING"],
    ["an UPDATE without SET", "UPDATE t WHERE id = 7"],
    ["a key that is compared twice", "DELETE FROM t WHERE id = 7 AND id = 8"],
    ["a literal in place of a column", "DELETE FROM t WHERE 'id' = 7"],
    ["a literal behind a table", "DELETE FROM t WHERE t.'id' = 7"],
    ["arithmetic behind a cast", "DELETE FROM t WHERE id = 7::int + 1"],
    ["arithmetic with a column", "DELETE FROM t WHERE id = 7 + n"],
    ["a statement of another kind", "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE"],
    ["a DELETE without FROM", "DELETE t WHERE id = 7"],
    ["a list with a function", "DELETE FROM t WHERE id IN (1, f(2))"],
    ["a list that is compared", "DELETE FROM t WHERE id IN (7) = true"],
    ["IN without a list", "DELETE FROM t WHERE id IN 7"],
    ["IN with a query", "DELETE FROM t WHERE id IN (SELECT 7)"],
    ["ANY of a literal", "DELETE FROM t WHERE id = ANY('{1}')"],
    ["ANY of nothing", "DELETE FROM t WHERE id = ANY()"],
    ["a cast to something that is no name", "DELETE FROM t WHERE id = 7::'x'"],
    ["a column as its value", "DELETE FROM t WHERE id = other"],
    ["a range", "UPDATE t SET n = 1 WHERE tenant = 7 AND at < '2026-01-01'"],
    ["a subquery", "UPDATE t SET n = 1 WHERE id = (SELECT id FROM t LIMIT 1)"],
    ["a function", "UPDATE t SET n = 1 WHERE id = f(7)"],
    ["arithmetic", "UPDATE t SET n = 1 WHERE id = 7 + 1"],
    ["another table", "UPDATE t SET n = 1 FROM u WHERE id = 7"],
    ["USING", "DELETE FROM t USING u WHERE id = 7"],
    ["a join", "SELECT * FROM t JOIN u ON true WHERE id = 7 FOR UPDATE"],
    ["a queue", "SELECT * FROM t WHERE state = 'new' LIMIT 1 FOR UPDATE"],
    ["only what it assigns", "UPDATE t SET state = 'taken' WHERE state = 'new'"],
    ["a list of assigned columns", "UPDATE t SET (a, b) = (1, 2) WHERE id = 7"],
    ["a CTE", "WITH x AS (SELECT 1) UPDATE t SET n = 1 WHERE id = 7"],
    ["two statements", "UPDATE t SET n = 1 WHERE id = 7; UPDATE t SET n = 1 WHERE id = 8"],
    ["a missing value", "UPDATE t SET n = 1 WHERE id = $1"],
    ["an unfinished string", "UPDATE t SET n = 1 WHERE id = 'a"],
    ["an escape string", "UPDATE t SET n = 1 WHERE id = E'a'"],
    ["an upsert of a query", "INSERT INTO t (id) SELECT 7 ON CONFLICT (id) DO NOTHING"],
    ["an upsert by an expression", "INSERT INTO t (id) VALUES (7) ON CONFLICT (lower(id)) DO NOTHING"],
  ])("are not known for %s", (_, text) => {
    expect(rows(text)).toEqual([]);
  });

  test.each([[null], [new Date(Number.NaN)], [{ a: 1 }], ["x".repeat(201)], [undefined]])(
    "are not known by the value %o",
    (value) => {
      expect(rows("DELETE FROM t WHERE id = $1", [value])).toEqual([]);
    },
  );

  test("have the same name whether a key is a number, a string, a Date or bytes", () => {
    const one = (value: unknown) => rows("DELETE FROM t WHERE id = $1", [value]);
    expect(one(7)).toEqual(one("7"));
    expect(one(new Date(0))).toEqual(['t(id="1970-01-01T00:00:00.000Z")']);
    expect(one(Buffer.from([1, 255]))).toEqual(['t(id="01ff")']);
  });

  test("are known by a value of 200 characters or 100 bytes, and not by a longer one", () => {
    const one = (value: unknown) => rows("DELETE FROM t WHERE id = $1", [value]);
    expect(one("x".repeat(200))).toHaveLength(1);
    expect(one(Buffer.alloc(100))).toHaveLength(1);
    expect(one(Buffer.alloc(101))).toEqual([]);
  });

  test("are not known by an ANY whose parameter is not a list, has an unknown member, or is changed", () => {
    expect(rows("DELETE FROM t WHERE id = ANY($1)", ["7"])).toEqual([]);
    expect(rows("DELETE FROM t WHERE id = ANY $1", [[7]])).toEqual([]);
    expect(rows("DELETE FROM t WHERE id = ANY($1) = false", [[7]])).toEqual([]);
    expect(rows("DELETE FROM t WHERE id = f($1)", [[7]])).toEqual([]);
    expect(rows("DELETE FROM t WHERE id = ANY($1)", [[7, null]])).toEqual([]);
    expect(rows("DELETE FROM t WHERE id = ANY($1 || $1)", [[7]])).toEqual([]);
    expect(rows("DELETE FROM t WHERE id = ANY($1)", [[7]])).toEqual(['t(id="7")']);
  });

  test("are not known by more combinations than are allowed, even if some are the same", () => {
    const either = (count: number) =>
      rows("DELETE FROM t WHERE a = ANY($1) AND b = ANY($2)", [Array(5).fill(7), Array(count).fill(7)]);
    expect(either(4)).toEqual(['t(a="7",b="7")']);
    expect(either(5)).toEqual([]);
  });

  test("of a transaction are listed once each, and not at all if there are too many", () => {
    const change = (id: number) => ({ text: "DELETE FROM t WHERE id = $1", values: [id] });
    expect(writtenRows([change(2), change(1), change(2)])).toEqual(['t(id="2")', 't(id="1")']);
    expect(writtenRows(Array.from({ length: 20 }, (_, id) => change(id)))).toHaveLength(20);
    expect(writtenRows(Array.from({ length: 21 }, (_, id) => change(id)))).toEqual([]);
  });

  test("have different names whatever their keys contain", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (a, b) => {
        const literal = (key: string) => rows(`DELETE FROM t WHERE id = '${key.replaceAll("'", "''")}'`);
        expect(literal(a)).toEqual(rows("DELETE FROM t WHERE id = $1", [a]));
        expect(String(literal(a)) === String(literal(b))).toBe(a === b);
      }),
      { examples: [[";", ""]] },
    );
  });

  test("are read from any text without an error", () => {
    const piece = fc.constantFrom(
      "update",
      " ",
      "t",
      "set",
      "where",
      "(",
      ")",
      "and",
      "=",
      "$1",
      "'",
      '"',
      ",",
      "in",
      "conflict",
      "insert",
      "values",
      "into",
      ".",
      "::",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(Array.isArray(rows(`update ${pieces.join(" ")}`, [1]))).toBe(true);
        expect(Array.isArray(rows(`insert ${pieces.join(" ")}`, [1]))).toBe(true);
      }),
    );
  });
});
