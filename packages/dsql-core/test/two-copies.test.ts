import { expect, test, vi } from "vitest";
import * as one from "../src/index.ts";

async function anotherCopy(): Promise<typeof one> {
  vi.resetModules();
  return import("../src/index.ts");
}

test("recognises the errors of another copy of this package by their classes", async () => {
  const other = await anotherCopy();
  const error = new other.DsqlConfigError("wrong");
  expect(other.DsqlConfigError).not.toBe(one.DsqlConfigError);
  expect(error).toBeInstanceOf(one.DsqlConfigError);
  expect(error).toBeInstanceOf(one.DsqlError);
  expect(error).not.toBeInstanceOf(one.DsqlTokenError);
  expect(new other.DsqlError("DSQL_TOKEN", "none")).toBeInstanceOf(one.DsqlError);
});

test("recognises no other error as its own, and `instanceof` a caller's subclass works as usual", async () => {
  class OwnError extends one.DsqlConfigError {}
  const other = await anotherCopy();
  expect(Object.assign(new Error("alike"), { code: "DSQL_CONFIG" })).not.toBeInstanceOf(one.DsqlError);
  expect(new other.DsqlConfigError("wrong")).not.toBeInstanceOf(OwnError);
  expect(new one.DsqlConfigError("wrong")).not.toBeInstanceOf(OwnError);
  expect(new OwnError("wrong")).toBeInstanceOf(OwnError);
  expect(new OwnError("wrong")).toBeInstanceOf(other.DsqlConfigError);
  for (const value of [undefined, null, "text", 1]) expect(value).not.toBeInstanceOf(one.DsqlError);
});

test("recognises a pool of another copy of this package", async () => {
  const other = await anotherCopy();
  const pool = new other.DsqlPool(
    "postgresql://admin@abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws/postgres",
  );
  expect(one.isDsqlPool(pool)).toBe(true);
  expect(one.isDsqlPool({})).toBe(false);
  await pool.end();
});
