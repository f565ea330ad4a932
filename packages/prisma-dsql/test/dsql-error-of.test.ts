import { ConnectionLostError, OccRetryExhaustedError } from "dsql-core";
import { describe, expect, test } from "vitest";
import { isDsqlError } from "../src/adapter/dsql-error-of.ts";
import { dsqlErrorOf } from "../src/index.ts";

const lost = new ConnectionLostError("lost");

describe("dsqlErrorOf finds a DsqlError", () => {
  test("that is the error itself, or behind any number of causes", () => {
    expect(dsqlErrorOf(lost)).toBe(lost);
    expect(dsqlErrorOf({ cause: new Error("outer", { cause: lost }) })).toBe(lost);
  });

  test("where Prisma keeps the error of its adapter, also beside a cause that leads nowhere", () => {
    expect(dsqlErrorOf({ meta: { driverAdapterError: { cause: lost } } })).toBe(lost);
    expect(dsqlErrorOf({ cause: new Error("other"), meta: { driverAdapterError: lost } })).toBe(lost);
    expect(dsqlErrorOf({ meta: null, cause: lost })).toBe(lost);
  });

  test("that is nearest, whichever way leads to it", () => {
    const further = new OccRetryExhaustedError({
      attempts: 3,
      occType: "data",
      elapsedMs: 1,
      stoppedBy: "attempts",
      cause: undefined,
    });
    expect(dsqlErrorOf({ cause: { cause: further }, meta: { driverAdapterError: lost } })).toBe(lost);
  });

  test("of a second copy of dsql-core", () => {
    const foreign = Object.assign(new Error("lost"), { code: "DSQL_CONNECTION_LOST" });
    expect(dsqlErrorOf({ cause: foreign })).toBe(foreign);
  });
});

describe("dsqlErrorOf finds none", () => {
  test.each([
    undefined,
    null,
    "DSQL_CONNECTION_LOST",
    1,
    {},
    new Error("DSQL_CONNECTION_LOST"),
    { meta: {} },
  ])("in %s", (error) => {
    expect(dsqlErrorOf(error)).toBeUndefined();
  });

  test("in errors that lead to each other", () => {
    const one = new Error("one");
    one.cause = new Error("two", { cause: one });
    expect(dsqlErrorOf(one)).toBeUndefined();
  });
});

describe("a DsqlError", () => {
  const withCode = (code: unknown, name = "Error") => Object.assign(new Error("x"), { code, name });

  test("has a code of this project", () => {
    expect(isDsqlError(withCode("DSQL_CONFIG"))).toBe(true);
    expect(isDsqlError(withCode("DSQL"))).toBe(false);
    expect(isDsqlError(withCode("NOT_DSQL_"))).toBe(false);
    expect(isDsqlError(withCode({ startsWith: () => true }))).toBe(false);
    expect(isDsqlError(withCode(undefined))).toBe(false);
    expect(isDsqlError(new Error("x"))).toBe(false);
  });

  test("is an error, and not one of Prisma's that has taken over its code", () => {
    expect(isDsqlError({ code: "DSQL_CONFIG", name: "Error" })).toBe(false);
    expect(isDsqlError(undefined)).toBe(false);
    expect(isDsqlError(withCode("DSQL_CONFIG", "PrismaClientKnownRequestError"))).toBe(false);
    expect(isDsqlError(withCode("DSQL_CONFIG", "OfPrismaClient"))).toBe(true);
  });
});
