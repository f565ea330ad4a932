import { expect, test } from "vitest";
import { comparisonOf, type Runs, takeTurns } from "../src/measure/interleaved.ts";

const costs = (...cpuUs: number[]) => cpuUs.map((cpu) => ({ elapsedUs: 1000, cpuUs: cpu }));

test("the client's CPU time is compared beside the elapsed time, which the endpoint may hide it in", () => {
  const runs: Runs = { subject: costs(44, 44, 44), baseline: costs(40, 40, 40) };
  expect(comparisonOf([runs], "cpuUs")).toEqual({ subjectUs: 44, baselineUs: 40, ratio: 1.1 });
  expect(comparisonOf([runs])).toEqual({ subjectUs: 1000, baselineUs: 1000, ratio: 1 });
});

test("a machine that gets slower, or is disturbed once, leaves the ratio of neighbouring runs alone", () => {
  const slower: Runs = { subject: costs(10, 20, 40, 80, 160), baseline: costs(20, 40, 80, 160, 320) };
  expect(comparisonOf([slower], "cpuUs").ratio).toBe(0.5);
  const disturbed: Runs = { subject: costs(10, 10, 9000, 10, 10), baseline: costs(20, 20, 20, 20, 20) };
  expect(comparisonOf([disturbed, slower], "cpuUs").ratio).toBe(0.5);
});

test("both ways run equally often, and take turns to go first", async () => {
  const order: string[] = [];
  const way = (name: string) => async () => void order.push(name);
  const runs = await takeTurns(way("subject"), way("baseline"), { rounds: 2, operations: 1, concurrency: 1 });
  expect(order.slice(2)).toEqual(["subject", "baseline", "baseline", "subject"]);
  expect([runs.subject.length, runs.baseline.length]).toEqual([2, 2]);
});
