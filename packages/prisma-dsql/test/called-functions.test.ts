import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calledFunctions } from "../src/check/called-functions.ts";

describe("the functions that an SQL expression calls", () => {
  test("are found with their schema, in lower case, and within other calls", () => {
    expect(calledFunctions('Coalesce("App" . "New_Id"(now()), lower ( $1 ))')).toEqual([
      "coalesce",
      "app.new_id",
      "now",
      "lower",
    ]);
  });

  test("are not those that a string or a comment names, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const quoted = `'${text.replaceAll("'", "''")} f()'`;
        const comment = `/* ${text.replaceAll("*/", "")} f() */`;
        expect(calledFunctions(`${quoted} || now() ${comment}`)).toEqual(["now"]);
      }),
    );
  });

  test("can be read from any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(calledFunctions(text)).toBeInstanceOf(Array);
      }),
    );
  });
});
