import { describe, expect, it } from "vitest";
import { Latch } from "../../src/conflicts/latch.ts";

describe("Latch", () => {
  it("is shared by many, taken by one, and serves in the order of asking", async () => {
    const latch = new Latch();
    const order: string[] = [];
    const first = await latch.share();
    const second = await latch.share();
    const alone = Promise.resolve(latch.takeAlone()).then((release) => {
      order.push("alone");
      return release;
    });
    const late = Promise.resolve(latch.share()).then((release) => {
      order.push("late");
      return release;
    });
    first();
    first();
    await Promise.resolve();
    expect(order).toEqual([]);
    second();
    (await alone)();
    (await late)();
    expect(order).toEqual(["alone", "late"]);
    (await latch.takeAlone())();
  });
});
