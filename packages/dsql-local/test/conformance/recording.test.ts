import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRecordings } from "../../src/conformance/recording.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "recordings-"));
  await writeFile(
    join(folder, "setup.sql"),
    "-- rows\nCREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n",
  );
});
afterEach(() => rm(folder, { recursive: true }));

const recorded = { name: "one", group: "new", steps: ["SELECT 1"], observations: [{ outcome: "ok" }] };

describe("reading recordings", () => {
  it("takes every JSON file of a folder, whatever its name, and the setup", async () => {
    await writeFile(join(folder, "unheard_of.json"), JSON.stringify({ cases: [recorded] }));
    await writeFile(join(folder, "a.json"), JSON.stringify({ cases: [] }));
    const { setup, recordings } = await readRecordings(folder);
    expect(setup).toEqual(["CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)"]);
    expect(recordings).toEqual([
      { file: "a.json", cases: [] },
      { file: "unheard_of.json", cases: [recorded] },
    ]);
  });

  it("takes one file with the setup beside it", async () => {
    await writeFile(join(folder, "a.json"), JSON.stringify({ cases: [recorded] }));
    await writeFile(join(folder, "b.json"), "not JSON");
    const { setup, recordings } = await readRecordings(join(folder, "a.json"));
    expect(setup).toHaveLength(2);
    expect(recordings).toEqual([{ file: "a.json", cases: [recorded] }]);
  });

  it("fails where a path is not there or a file cannot be replayed, rather than leaving it out", async () => {
    await expect(readRecordings(join(folder, "nowhere"))).rejects.toThrow("nowhere");
    await writeFile(join(folder, "a.json"), JSON.stringify({ suite: "x" }));
    await expect(readRecordings(folder)).rejects.toThrow("a.json is not a recording");
    await writeFile(join(folder, "a.json"), JSON.stringify({ cases: [{ ...recorded, steps: [1] }] }));
    await expect(readRecordings(folder)).rejects.toThrow("the case one");
  });
});
