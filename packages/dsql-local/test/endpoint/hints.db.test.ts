import { describe, expect, it } from "vitest";
import { startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

describe("the error of a refused statement", () => {
  it("says what to write instead where hints are asked for, and nothing more than a cluster's otherwise", async () => {
    for (const hints of [true, undefined]) {
      await using local = await startLocalDsql({ hints });
      const client = await connect(local);
      await expect(client.query("TRUNCATE t")).rejects.toMatchObject({
        code: "0A000",
        message: "unsupported statement: Truncate",
        hint: hints
          ? expect.stringMatching(/^Use DELETE FROM .* \(https:\/\/docs\.aws\.amazon\.com\/.*\.html\)$/)
          : undefined,
      });
      await client.end();
    }
  });
});
