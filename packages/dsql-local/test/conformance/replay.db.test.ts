import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type RecordedCase, readRecordings } from "../../src/conformance/recording.ts";
import { replay } from "../../src/conformance/replay.ts";
import { loadParser } from "../../src/sql/pg-parser.ts";
import { parseQuery } from "../../src/statements/parse-query.ts";

beforeAll(loadParser);

/** Whether the text alone decides the case: judge.test.ts puts those to the rules, without a server. */
function isDecidedByText({ steps }: RecordedCase): boolean {
  const parsed = parseQuery(steps[0] ?? "");
  return steps.length === 1 && "statements" in parsed && parsed.statements[0]?.refusal !== undefined;
}

describe("the project's own recordings of expectations", () => {
  it("all match", async () => {
    const folder = await readRecordings(join(import.meta.dirname, "..", "..", "conformance"));
    const recordings = folder.recordings.map(({ file, cases }) => ({
      file,
      // One refusal of each file goes all the way.
      cases: cases.filter((recorded, index) => index === 0 || !isDecidedByText(recorded)),
    }));
    const different: unknown[] = [];
    for await (const result of replay({ ...folder, recordings })) {
      if (result.verdict === "difference") different.push(result);
    }
    expect(different).toEqual([]);
    expect(recordings.flatMap(({ cases }) => cases).length).toBeGreaterThan(80);
  }, 240_000);
});
