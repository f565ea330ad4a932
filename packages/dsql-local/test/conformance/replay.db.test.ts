import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRecordings } from "../../src/conformance/recording.ts";
import { replay } from "../../src/conformance/replay.ts";

describe("the project's own recordings of expectations", () => {
  it("are all answered as written, or differ as documented", async () => {
    const folder = await readRecordings(join(import.meta.dirname, "..", "..", "conformance"));
    if (!folder) throw new Error("there are no recordings");
    const different: unknown[] = [];
    let count = 0;
    for await (const result of replay(folder)) {
      count++;
      if (result.verdict === "difference") different.push(result);
    }
    expect(different).toEqual([]);
    expect(count).toBeGreaterThan(200);
  }, 240_000);
});
