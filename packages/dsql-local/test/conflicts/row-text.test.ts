import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArrays, parseRowText, rowTexts } from "../../src/conflicts/row-text.ts";

/** Prints a composite value as PostgreSQL's record_out does. */
function rowText(values: readonly (string | null)[]): string {
  const printed = values.map((value) => {
    if (value === null) return "";
    if (value !== "" && !/["\\(),\s]/.test(value)) return value;
    return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '""')}"`;
  });
  return `(${printed.join(",")})`;
}

describe("parseRowText", () => {
  it("reads what PostgreSQL prints", () => {
    expect(parseRowText('(1,,"a ""b"" \\\\ c","",x)')).toEqual(["1", null, 'a "b" \\ c', "", "x"]);
  });

  it("gives back any values", () => {
    const value = fc.oneof(fc.constant(null), fc.string(), fc.constantFrom('"', "\\", ",", "()", " ", "\n"));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), (values) => {
        expect(parseRowText(rowText(values))).toEqual(values);
      }),
    );
  });

  it("is read no further than it has to be", () => {
    expect(parseRowText('(1,"a,b",3)', 2)).toEqual(["1", "a,b"]);
    expect(parseRowText("(1,2)", 0)).toEqual([]);
    expect(parseRowText("(1,)", 5)).toEqual(["1", null]);
  });
});

describe("rows of which only the keys are known", () => {
  it("are written with nothing in the other columns", () => {
    const keys = parseArrays('{1,NULL,-3.5}{"a \\"b","NULL","c\\\\,\\"}"}');
    expect(keys).toEqual([
      ["1", null, "-3.5"],
      ['a "b', "NULL", 'c\\,"}'],
    ]);
    expect(rowTexts("0101", keys)).toEqual(['(,1,,"a ""b")', "(,,,NULL)", '(,-3.5,,"c\\\\,""}")']);
  });

  it("have the values that PostgreSQL printed", () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.string(),
      fc.constantFrom("", "NULL", '"', "\\", ",", "{}", "a b"),
    );
    const printed = (values: readonly (string | null)[]) =>
      `{${values.map((text) => (text === null ? "NULL" : `"${text.replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 5 }), (rows) => {
        const columns = [rows.map(([first]) => first), rows.map(([, second]) => second)];
        const texts = rowTexts("101", parseArrays(columns.map(printed).join("")));
        expect(texts.map((text) => parseRowText(text))).toEqual(
          rows.map(([first, second]) => [first, null, second]),
        );
      }),
    );
  });
});
