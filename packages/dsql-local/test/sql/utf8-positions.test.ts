import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Positions } from "../../src/sql/utf8-positions.ts";
import { blankDsqlForms } from "../../src/statements/dsql-forms.ts";

describe("utf8Positions", () => {
  it("finds for every character the place that its bytes have in UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const toUtf16 = utf8Positions(text);
        for (let at = 0; at <= text.length; at++) {
          const isInsideCharacter = /[\udc00-\udfff]/.test(text[at] ?? "");
          if (!isInsideCharacter) expect(toUtf16(Buffer.byteLength(text.slice(0, at)))).toBe(at);
        }
      }),
    );
  });
});

describe("blankDsqlForms", () => {
  it("keeps the length, and blanks out only ASYNC and AWS statements", () => {
    const part = fc.constantFrom(
      "CREATE INDEX ASYNC ON t (a)",
      "create unique index async i on t (a)",
      "SELECT 'async' AS async, $$ CREATE INDEX ASYNC x ON y (z) $$",
      "-- AWS IAM GRANT a TO 'b'\n",
      "AWS IAM GRANT r TO 'ärn'",
      "ALTER TABLE ASYNC t VALIDATE CONSTRAINT c",
      "ALTER TABLE async ADD COLUMN async int",
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const sql = parts.join(" ; ");
        const { text } = blankDsqlForms(sql);
        expect(text).toHaveLength(sql.length);
        for (let at = 0; at < sql.length; at++) if (text[at] !== sql[at]) expect(text[at]).toBe(" ");
        expect(text).not.toMatch(/^\s*create (?:unique )?index async/im);
      }),
    );
  });
});
