import * as fc from "fast-check";
import { expect, test } from "vitest";
import { additiveBackoff, type BackoffInput, fullJitterBackoff } from "../src/index.ts";

const input = (part: Partial<BackoffInput>): BackoffInput => ({
  attempt: 1,
  baseDelayMs: 10,
  maxDelayMs: 2000,
  jitterFactor: 0.25,
  random: () => 0.5,
  ...part,
});

test("full jitter draws from a whole window that doubles each time", () => {
  const most = [1, 2, 3, 4].map((attempt) => fullJitterBackoff(input({ attempt, random: () => 1 })));
  expect(most).toEqual([10, 20, 40, 80]);
  expect(fullJitterBackoff(input({ attempt: 4, random: () => 0 }))).toBe(0);
});

test("the additive formula is base * 2^(n-1), capped, plus jitter of up to jitterFactor", () => {
  const waits = [1, 2, 3, 9].map((attempt) =>
    additiveBackoff(input({ attempt, maxDelayMs: 100, random: () => 1 })),
  );
  expect(waits).toEqual([12.5, 25, 50, 125]);
});

test("a delay is between 0 and its cap, however many attempts there were", () => {
  const inputs = fc.record({
    attempt: fc.integer({ min: 1, max: 1_000_000 }),
    baseDelayMs: fc.double({ min: 0, max: 1e4, noNaN: true }),
    maxDelayMs: fc.double({ min: 1e4, max: 1e6, noNaN: true }),
    jitterFactor: fc.double({ min: 0, max: 1, noNaN: true }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map((value) => () => value),
  });
  fc.assert(
    fc.property(inputs, (given) => {
      const [full, additive] = [fullJitterBackoff(given), additiveBackoff(given)];
      return full >= 0 && full <= given.maxDelayMs && additive >= 0 && additive <= given.maxDelayMs * 2;
    }),
  );
});
