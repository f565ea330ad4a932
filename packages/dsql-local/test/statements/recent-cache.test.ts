import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecentCache } from "../../src/statements/recent-cache.ts";

describe("RecentCache", () => {
  it("keeps what is used again and again while much else comes and goes", () => {
    const cache = new RecentCache<number>({ maxEntries: 8, maxWeight: 1000 });
    cache.set("hot", 1, 1);
    for (let i = 0; i < 100; i++) {
      cache.set(`other ${i}`, i, 1);
      expect(cache.get("hot")).toBe(1);
    }
    expect(cache.get("other 1")).toBeUndefined();
  });

  it("never holds more than it may, nor forgets what has just come in", () => {
    const use = fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.integer({ min: 1, max: 50 }));
    fc.assert(
      fc.property(fc.array(use), (uses) => {
        const cache = new RecentCache<number>({ maxEntries: 4, maxWeight: 100 });
        for (const [key, weight] of uses) {
          cache.set(key, weight, weight);
          expect(cache.get(key)).toBe(weight);
          expect(cache.size).toBeLessThanOrEqual(4);
        }
      }),
    );
  });

  it("does not keep what is too heavy", () => {
    const cache = new RecentCache<number>({ maxEntries: 4, maxWeight: 100 });
    cache.set("heavy", 1, 51);
    expect(cache.get("heavy")).toBeUndefined();
  });
});
