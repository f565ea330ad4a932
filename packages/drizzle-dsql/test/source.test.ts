import { DsqlConfigError } from "dsql-core";
import { describe, expect, it } from "vitest";
import { drizzle } from "../src/index.ts";

describe("drizzle() without a pool that it can use", () => {
  it.each([
    ["nothing", undefined, /host/],
    ["a connection that is not set", { connection: undefined }, /host/],
    ["an empty connection string", { connection: "" }, /./],
    ["no connection", { logger: true }, /^drizzle\(\) needs a DsqlPool, a connection string, /],
    ["null", null, /^drizzle\(\) needs/],
    [
      "a pool of another kind as its first argument",
      { query() {}, connect() {} },
      /client must be a DsqlPool/,
    ],
    ["a pool of another kind", { client: { query() {}, connect() {} } }, /client must be a DsqlPool/],
  ])("refuses %s, and says what it needs", (_title, source, message) => {
    expect(() => drizzle(source as never)).toThrow(DsqlConfigError);
    expect(() => drizzle(source as never)).toThrow(message);
  });
});
