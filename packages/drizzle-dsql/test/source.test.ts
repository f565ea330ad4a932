import { DsqlConfigError } from "dsql-core";
import { describe, expect, it } from "vitest";
import { drizzle } from "../src/index.ts";

describe("drizzle() without a pool that it can use", () => {
  it.each([
    ["nothing", undefined, /has got none of them/],
    ["no connection", { logger: true }, /has got none of them/],
    ["a pool of another kind in the first place", { query() {}, connect() {} }, /client is no DsqlPool/],
    ["a pool of another kind", { client: { query() {}, connect() {} } }, /client is no DsqlPool/],
  ])("refuses %s, and says what it needs", (_title, source, message) => {
    expect(() => drizzle(source as never)).toThrow(DsqlConfigError);
    expect(() => drizzle(source as never)).toThrow(message);
  });
});
