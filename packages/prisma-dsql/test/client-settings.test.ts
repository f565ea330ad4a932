import { describe, expect, test } from "vitest";
import { retryDefaultsOf, timesOf } from "../src/extension/client-settings.ts";

/** A client as Prisma makes it, as far as the extension reads it. */
function clientWith(transactionOptions?: object, retryOptions?: object) {
  return {
    _clientVersion: "7.0.0",
    _engineConfig: { adapter: { retryOptions }, ...(transactionOptions && { transactionOptions }) },
  };
}

describe("the times of an attempt", () => {
  test("are the call's, then the client's", () => {
    const client = clientWith({ maxWait: 10, timeout: 20 });
    expect(timesOf(client, { maxWait: 1, timeout: 2 }, 100)).toEqual({ maxWait: 1, timeout: 2 });
    expect(timesOf(client, { maxWait: 1 }, 100)).toEqual({ maxWait: 1, timeout: 20 });
    expect(timesOf(client, { timeout: 2 }, 100)).toEqual({ maxWait: 10, timeout: 2 });
  });

  test("are the deadline where the client has Prisma's defaults or none", () => {
    const all = { maxWait: 100, timeout: 100 };
    expect(timesOf(clientWith({ maxWait: 2000, timeout: 5000 }), {}, 100)).toEqual(all);
    expect(timesOf(clientWith(), {}, 100)).toEqual(all);
    expect(timesOf({}, {}, 100)).toEqual(all);
    expect(timesOf(clientWith({ maxWait: 5000, timeout: 2000 }), {}, 100)).toEqual({
      maxWait: 5000,
      timeout: 2000,
    });
  });

  test("end before DSQL ends the transaction", () => {
    expect(timesOf({}, {})).toEqual({ maxWait: 240_000, timeout: 240_000 });
    expect(timesOf({}, {}, 900_000)).toEqual({ maxWait: 290_000, timeout: 290_000 });
  });
});

describe("the retry options of a client", () => {
  test("are those of its adapter's pool under the extension's", () => {
    const client = clientWith(undefined, { maxAttempts: 3, baseDelayMs: 5 });
    expect(retryDefaultsOf(client, { maxAttempts: 4 })).toEqual({ maxAttempts: 4, baseDelayMs: 5 });
  });

  test("are the extension's with another adapter, or where Prisma shows nothing of itself", () => {
    for (const client of [clientWith(), { _engineConfig: {} }, {}])
      expect(retryDefaultsOf(client, { maxAttempts: 4 })).toEqual({ maxAttempts: 4 });
  });

  test("are refused for a client of Prisma 6", () => {
    expect(() => retryDefaultsOf({ _clientVersion: "6.19.0" }, {})).toThrow("@prisma/client");
    expect(() => retryDefaultsOf({ _clientVersion: "10.0.0" }, {})).not.toThrow();
  });
});
