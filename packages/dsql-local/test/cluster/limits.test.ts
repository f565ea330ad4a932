import { describe, expect, it } from "vitest";
import { ConnectionRate, resolveLimits } from "../../src/cluster/limits.ts";

describe("the limits", () => {
  it("are DSQL's own where none are named", () => {
    expect(resolveLimits({ maxRowsPerTransaction: 5 })).toMatchObject({
      maxRowsPerTransaction: 5,
      maxTransactionAgeMs: 300_000,
      maxConnections: 10_000,
    });
  });

  it("are refused by name where they mean nothing", () => {
    expect(() => resolveLimits({ maxRows: 5 } as object)).toThrow("limits.maxRows does not exist");
    expect(() => resolveLimits({ connectionRate: -1 })).toThrow(
      "limits.connectionRate must be a number greater than 0",
    );
  });
});

describe("the rate of new connections", () => {
  it("lets a burst through and then a steady number a second", () => {
    const rate = new ConnectionRate(100, 3, 0);
    expect([rate.take(0), rate.take(0), rate.take(0), rate.take(0)]).toEqual([true, true, true, false]);
    expect([rate.take(10), rate.take(10)]).toEqual([true, false]);
  });

  it("never holds more than the burst", () => {
    const rate = new ConnectionRate(100, 2, 0);
    expect([rate.take(60_000), rate.take(60_000), rate.take(60_000)]).toEqual([true, true, false]);
  });
});
