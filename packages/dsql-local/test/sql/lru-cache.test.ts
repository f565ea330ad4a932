import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LruCache } from "../../src/sql/lru-cache.ts";

describe("LruCache", () => {
  it("keeps what was used last, within its limits", () => {
    const cache = new LruCache<number>({ maxEntries: 2, maxWeight: 100 });
    cache.set("a", 1, 1);
    cache.set("b", 2, 1);
    cache.get("a");
    cache.set("c", 3, 1);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
  });

  it("never holds more than it may, nor forgets what has just come in and fits", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 60 }))),
        (uses) => {
          const cache = new LruCache<number>({ maxEntries: 3, maxWeight: 100 });
          for (const [key, weight] of uses) {
            cache.set(key, weight, weight);
            const held = ["a", "b", "c", "d"].map((name) => cache.get(name) ?? 0);
            expect(held.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(100);
            expect(cache.size).toBeLessThanOrEqual(3);
            expect(cache.get(key)).toBe(weight);
          }
        },
      ),
    );
  });
});
