import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSchema } from "../src/check/parse-schema.ts";
import { SchemaSyntaxError } from "../src/check/schema-tree.ts";

describe("reading a schema", () => {
  test("keeps the line and column of every field and attribute", () => {
    const [block] = parseSchema(
      '// a comment\nmodel User {\n  id   String @id @db.VarChar(12)\n\n  @@map("users")\n}\n',
    );
    expect(block).toMatchObject({ keyword: "model", name: "User", line: 2, column: 1 });
    expect(block?.fields[0]).toMatchObject({ name: "id", type: "String", line: 3, column: 3 });
    expect(block?.fields[0]?.attributes).toMatchObject([
      { name: "id", line: 3, column: 16 },
      { name: "db.VarChar", line: 3, column: 20, args: [{ value: { kind: "name", text: "12" } }] },
    ]);
    expect(block?.attributes[0]).toMatchObject({ name: "map", line: 5 });
  });

  test("reads arguments by name and by position, calls, lists and objects", () => {
    const [block] = parseSchema(
      'model A {\n  @@index(fields: [a(sort: Desc), b], where: { c: 1, d: null }, map: "x")\n}',
    );
    expect(block?.attributes[0]?.args).toMatchObject([
      {
        name: "fields",
        value: {
          kind: "list",
          items: [
            { kind: "call", text: "a" },
            { kind: "name", text: "b" },
          ],
        },
      },
      { name: "where", value: { kind: "object", entries: [{ name: "c" }, { name: "d" }] } },
      { name: "map", value: { kind: "text", text: "x" } },
    ]);
  });

  test("lets an argument list span several lines, and allows comments anywhere", () => {
    const [block] = parseSchema(
      "model A {\n  @@index(\n    [a, // first\n     b,],\n    /* of\n    many */ type: Hash\n  )\n  z Int\n}",
    );
    expect(block?.attributes[0]?.args).toHaveLength(2);
    expect(block?.fields[0]).toMatchObject({ name: "z", line: 8 });
  });

  test("knows lists, optional fields and types that Prisma has no name for", () => {
    const [block] = parseSchema('model A {\n  a String[]\n  b Int?\n  c Unsupported("point")? @ignore\n}');
    expect(block?.fields).toMatchObject([
      { name: "a", list: true, optional: false },
      { name: "b", list: false, optional: true },
      { name: "c", unsupportedType: "point", optional: true, attributes: [{ name: "ignore" }] },
    ]);
  });

  test("reads enum values and the properties of a generator", () => {
    const blocks = parseSchema(
      'enum Colour {\n  RED @map("r")\n  GREEN\n}\ngenerator client {\n  previewFeatures = ["a", "b"]\n}',
    );
    expect(blocks[0]?.fields.map(({ name }) => name)).toEqual(["RED", "GREEN"]);
    expect(blocks[1]?.properties[0]).toMatchObject({ name: "previewFeatures", value: { kind: "list" } });
  });

  test.each([
    ["model A {", 1, 10],
    ["model A {\n  a String @@map\n}", 2, 12],
    ["model A {\n  a String @default(\n}", 3, 1],
    ["model A {\n  a String #\n}", 2, 12],
    ["model {", 1, 7],
  ])("says where %j cannot be read", (source, line, column) => {
    let thrown: unknown;
    try {
      parseSchema(source);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SchemaSyntaxError);
    expect((thrown as SchemaSyntaxError).position).toEqual({ line, column });
  });

  test("ends on any text, with blocks or with an error that has a position", () => {
    const word = fc.constantFrom(
      "model",
      "A",
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      "@",
      "@@",
      ":",
      ",",
      "=",
      '"x"',
      "\n",
      "?",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 40 }).map((words) => words.join(" ")),
        ),
        (source) => {
          try {
            for (const { line } of parseSchema(source)) expect(line).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(SchemaSyntaxError);
          }
        },
      ),
    );
  });

  test("returns the fields as written, with their order and lines", () => {
    const name = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 12 }), (names) => {
        const [block] = parseSchema(`model M {\n${names.map((field) => `  ${field} String`).join("\n")}\n}`);
        expect(block?.fields.map((field) => [field.name, field.line])).toEqual(
          names.map((field, at) => [field, at + 2]),
        );
      }),
    );
  });
});
