import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorResponse, parseErrorFields } from "../../src/wire/error-fields.ts";

const text = fc.string({ unit: "grapheme", maxLength: 30 }).map((value) => value.replaceAll("\0", ""));

describe("an error on the wire", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(fc.record({ message: text, detail: text, hint: text, constraint: text }), (fields) => {
        const written = { severity: "ERROR", sqlstate: "23505", ...fields };
        expect(parseErrorFields(errorResponse(written).subarray(5))).toEqual(written);
      }),
    );
  });

  it("never throws, where its bytes are random", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(parseErrorFields(Buffer.from(bytes))).toHaveProperty("sqlstate");
      }),
    );
  });
});
