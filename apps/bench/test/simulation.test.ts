import { expect, test } from "vitest";
import type { Finding } from "../src/report/finding.ts";
import { simulate } from "../src/simulate/bench.ts";
import { virtualClock } from "../src/simulate/virtual-clock.ts";

test("meets every goal of the retry policy in virtual time", async () => {
  const findings: Finding[] = [];
  await simulate({ report: (finding) => findings.push(finding), runs: 3 });
  expect(findings.filter(({ holds }) => holds === true).length).toBeGreaterThan(10);
  expect(findings.filter(({ holds }) => holds === false)).toEqual([]);
});

test("a seed repeats a simulation exactly", async () => {
  const run = () =>
    virtualClock(7).run(async () => {
      const delays = Array.from({ length: 5 }, () => Math.random() * 1000);
      await Promise.all(delays.map((delay) => new Promise((resolve) => setTimeout(resolve, delay))));
      return { delays, elapsedMs: performance.now() };
    });
  const first = await run();
  expect(first.elapsedMs).toBe(Math.max(...first.delays));
  expect(await run()).toEqual(first);
});

test("a simulation that waits for nothing fails rather than hangs", async () => {
  await expect(virtualClock(1).run(() => new Promise(() => {}))).rejects.toThrow("waits for nothing");
});
