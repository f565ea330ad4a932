import { describe, expect, it } from "vitest";
import { differences } from "../../src/conformance/compare.ts";

const ok = (rows: (string | null)[][], columns = ["v"]) => ({
  outcome: "ok" as const,
  command_tag: "SELECT 1",
  columns,
  rows,
});

describe("differences", () => {
  it("compares values by their meaning, not by the recorder's notation", () => {
    expect(differences(ok([["[1 a]"]]), ok([["(1,a)"]]), false)).toEqual([]);
    expect(differences(ok([["true"]]), ok([["t"]]), false)).toEqual([]);
    expect(differences(ok([["<nil>"]]), ok([[null]]), false)).toEqual([]);
    expect(
      differences(
        ok([["[0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 170]"]]),
        ok([["00000000-0000-0000-0000-0000000000aa"]]),
        false,
      ),
    ).toEqual([]);
  });

  it("names what differs", () => {
    expect(differences(ok([["1"]]), ok([["2"]]), false)).toEqual([
      'the list of rows is [["2"]] instead of [["1"]]',
    ]);
    expect(differences(ok([["1"]]), ok([["2"]]), true)).toEqual([]);
    expect(differences(ok([["1"]]), ok([]), true)).toHaveLength(1);
    expect(differences(ok([]), { outcome: "error", sqlstate: "0A000", message: "no" }, false)).toEqual([
      'returned 0A000 "no" instead of "ok"',
    ]);
  });

  it("compares the results of a query of several statements one by one", () => {
    const results = (tags: string[]) => ({
      outcome: "ok" as const,
      results: tags.map((command_tag) => ({ command_tag })),
    });
    expect(differences(results(["BEGIN", "COMMIT"]), results(["BEGIN", "COMMIT"]), false)).toEqual([]);
    expect(differences(results(["BEGIN", "COMMIT"]), results(["BEGIN", "ROLLBACK"]), false)).toHaveLength(1);
    expect(differences(results(["BEGIN", "COMMIT"]), results(["BEGIN"]), false)).toHaveLength(1);
  });
});
