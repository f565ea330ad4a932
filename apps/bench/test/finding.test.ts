import { describe, expect, test } from "vitest";
import { finding, type Goal } from "../src/report/finding.ts";
import { mean, median, quantile } from "../src/report/statistics.ts";

const measured = { bench: "b", case: "c", metric: "time", unit: "ms" };

describe("a finding", () => {
  test("has every field, null where it does not apply", () => {
    expect(finding({ ...measured, value: 3 })).toEqual({
      ...measured,
      value: 3,
      baseline: null,
      ratio: null,
      goal: null,
      holds: null,
    });
  });

  test.each<[Goal, boolean]>([
    [{ of: "ratio", is: "<=", limit: 1.5 }, true],
    [{ of: "ratio", is: "<=", limit: 1.4 }, false],
    [{ of: "ratio", is: ">=", limit: 1.5 }, true],
    [{ of: "value", is: ">=", limit: 3.1 }, false],
  ])("asked for %o says whether it holds", (goal, holds) => {
    const result = finding({ ...measured, value: 3, baseline: 2, goal });
    expect(result).toMatchObject({ ratio: 1.5, goal: `${goal.of} ${goal.is} ${goal.limit}`, holds });
  });

  test("meets no goal when it is not a number", () => {
    const goal: Goal = { of: "value", is: "<=", limit: 5 };
    expect(finding({ ...measured, value: Number.NaN, goal }).holds).toBe(false);
  });
});

test("the middle of an even number of values lies between two of them", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(mean([1, 2, 6])).toBe(3);
});

test("a quantile is one of the values", () => {
  expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3);
  expect(quantile([1, 2], 0.99)).toBe(2);
});
