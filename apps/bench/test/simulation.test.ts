import { expect, test } from "vitest";
import { virtualClock } from "../src/measure/virtual-clock.ts";
import type { Finding } from "../src/report/finding.ts";
import { simulateCases } from "../src/simulate/bench.ts";
import { gridCells, gridFindings } from "../src/simulate/grid.ts";

test("meets every goal of the retry policy in virtual time", async () => {
  const findings: Finding[] = [];
  await simulateCases({ report: (finding) => findings.push(finding), runs: 3 });
  expect(findings.filter(({ holds }) => holds === true).length).toBeGreaterThan(10);
  expect(findings.filter(({ holds }) => holds === false)).toEqual([]);
});

test("is never worse than full jitter where half of the work is hot, and holds up none of the rest", async () => {
  const halfHot = gridCells.filter(({ hotShare, hotRows }) => hotShare === 0.5 && hotRows <= 10);
  expect(halfHot.length).toBe(14);
  for (const cell of halfHot) {
    const findings = await gridFindings(cell, 10);
    expect(findings.filter(({ goal }) => goal !== null).length).toBe(4);
    expect(findings.filter(({ holds }) => holds === false)).toEqual([]);
  }
}, 120_000);

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

test("timers fire in the order of their times, those of one time in the order in which they were set", async () => {
  const fired = await virtualClock(1).run(async () => {
    const order: string[] = [];
    const later = (name: string, delayMs: number) =>
      new Promise<void>((resolve) => {
        setTimeout(() => {
          order.push(name);
          resolve();
        }, delayMs);
      });
    const cancelled = setTimeout(() => order.push("cancelled"), 2);
    clearTimeout(cancelled);
    await Promise.all([later("c", 3), later("a", 1), later("d", 3), later("b", 2), later("e", 5)]);
    return order;
  });
  expect(fired).toEqual(["a", "b", "c", "d", "e"]);
});

test("a simulation that waits for nothing fails rather than hangs", async () => {
  await expect(virtualClock(1).run(() => new Promise(() => {}))).rejects.toThrow("no timer is set");
});
