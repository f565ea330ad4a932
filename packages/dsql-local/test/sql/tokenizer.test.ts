import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokenize } from "../../src/sql/tokenizer.ts";

const texts = (sql: string): string[] => [...tokenize(sql)].map((token) => `${token.kind}:${token.text}`);

/** Pieces of SQL that are one token each, whatever stands beside them when spaces keep them apart. */
const piece = fc.oneof(
  fc.constantFrom("select", "T1", "a$b", "été", "_x"),
  fc.constantFrom("1", "1.5e3", "0xFF", "$1", "(", ";", "+"),
  fc.string().map((text) => `'${text.replaceAll("'", "''").replaceAll("\\", "")}'`),
  fc.string().map((text) => `"${text.replaceAll('"', '""')}"`),
  fc.string().map((text) => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`),
  fc.string().map((text) => `$q$${text.replaceAll("$", "")}$q$`),
  fc.constantFrom(
    "U&'d\\0061t\\+000061'",
    'U&"d\\0061t"',
    "B'01'",
    "X'1F'",
    "N'x'",
    "E'\\\\'",
    "'it''s'",
    "$$a;b$$",
  ),
);

const gap = fc.constantFrom(" ", "\n ", " -- ; 'x\n", " /* ; */ ", " /* a /* nested ' */ $$ */ ", "\t\r\n");

describe("tokenize", () => {
  it("finds every token at its position, whatever comments and white space are in between", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, gap)), (parts) => {
        const sql = parts
          .map(([text, space]) => text + (text.endsWith("'") ? " /**/ " : "") + space)
          .join("");
        const found = [...tokenize(sql)];
        expect(found.map((token) => sql.slice(token.start, token.end))).toEqual(parts.map(([text]) => text));
      }),
    );
  });

  it("ends for any text, and leaves only white space and comments between two tokens", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (sql) => {
        let at = 0;
        for (const token of tokenize(sql)) {
          expect(token.start).toBeGreaterThanOrEqual(at);
          expect(token.end).toBeGreaterThan(token.start);
          expect([...tokenize(sql.slice(at, token.start))]).toEqual([]);
          at = token.end;
        }
      }),
    );
  });

  it("reads a backslash as an escape in E'' only", () => {
    expect(texts("'a\\' x")).toEqual(["string:'a\\'", "word:x"]);
    expect(texts("E'a\\' x'")).toEqual(["string:E'a\\' x'"]);
  });

  it("goes on with a string literal on the next line, in the same way of escaping", () => {
    expect(texts("E'a'\n 'b\\'c' d")).toEqual(["string:E'a'\n 'b\\'c'", "word:d"]);
    expect(texts("'a' 'b'")).toEqual(["string:'a'", "string:'b'"]);
  });

  it("treats a dollar sign inside a word as part of it", () => {
    expect(texts("a$$b $$ a$$b $$")).toEqual(["word:a$$b", "string:$$ a$$"].concat(["word:b", "string:$$"]));
  });

  it("folds words to lower case and keeps quoted identifiers", () => {
    expect(texts('ASYNC "Async" "a""b"')).toEqual([
      "word:async",
      "quoted-identifier:Async",
      'quoted-identifier:a"b',
    ]);
  });
});
