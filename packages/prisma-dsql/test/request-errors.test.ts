import { DriverAdapterError } from "@prisma/driver-adapter-utils";
import { ConnectionLostError, DsqlConfigError, type DsqlError, OccRetryExhaustedError } from "dsql-core";
import { describe, expect, test } from "vitest";
import {
  asRequestError,
  asTransactionError,
  isolationLevelError,
  transactionClosedError,
} from "../src/adapter/request-errors.ts";
import { dsqlErrorOf } from "../src/index.ts";

/** The server's error as PrismaPg passes it on. */
function driverError(originalCode: string, originalMessage?: string) {
  return new DriverAdapterError({
    kind: "postgres",
    code: originalCode,
    severity: "ERROR",
    message: `of the driver: ${originalMessage}`,
    detail: undefined,
    column: undefined,
    hint: undefined,
    originalCode,
    ...(originalMessage !== undefined && { originalMessage }),
  });
}

const says = (text: string) => expect.stringContaining(text);
const mappings = { asRequestError, asTransactionError };

describe.each(Object.entries(mappings))("%s", (_, mapped) => {
  const request = (error: unknown, client?: unknown) => mapped(error, client);

  test.each([
    [new ConnectionLostError("gone"), "P1017", { kind: "ConnectionClosed" }],
    [
      new OccRetryExhaustedError({
        attempts: 3,
        occType: "data",
        elapsedMs: 1,
        stoppedBy: "attempts",
        cause: undefined,
      }),
      "P2034",
      { kind: "TransactionWriteConflict" },
    ],
    [
      new DsqlConfigError("unusable"),
      "DSQL_CONFIG",
      { kind: "postgres", code: "DSQL_CONFIG", severity: "ERROR", message: "unusable" },
    ],
  ] as [DsqlError, string, object][])("gives %s the code %s", (error, code, payload) => {
    const given = request(error) as Error;
    const { code: originalCode, message: originalMessage } = error;
    expect(given).toMatchObject({
      name: "PrismaClientKnownRequestError",
      code,
      message: error.message,
      clientVersion: expect.stringMatching(/^7\./),
      meta: {
        driverAdapterError: {
          name: "DriverAdapterError",
          cause: { ...payload, originalCode, originalMessage },
        },
      },
    });
    expect(given.cause).toBe(error);
    // Prisma drops `cause` when it adds the position of the call.
    expect(dsqlErrorOf({ meta: (given as { meta?: object }).meta })).toBe(error);
  });

  test("gives a conflict the code P2034, the server's words, and the conflict that the connection met", () => {
    const conflict = Object.assign(new Error("of the server"), { code: "40001" });
    const error = driverError("40001", "change conflicts (OC000)");
    expect(request(error, { writes: { lastConflict: conflict } })).toMatchObject({
      code: "P2034",
      message: says("change conflicts (OC000)"),
      cause: error,
      meta: {
        driverAdapterError: {
          cause: {
            kind: "TransactionWriteConflict",
            originalCode: "40001",
            originalMessage: "change conflicts (OC000)",
            cause: conflict,
          },
        },
      },
    });
  });

  test("gives a conflict without a code or words of the server the words of the driver", () => {
    const error = new DriverAdapterError({ kind: "TransactionWriteConflict" });
    const given = request(error) as { meta: { driverAdapterError: { cause: object } } };
    expect(given).toMatchObject({ code: "P2034", message: says("rolled back: TransactionWriteConflict.") });
    expect(given.meta.driverAdapterError.cause).not.toHaveProperty("originalCode");
  });

  test("names the permission that a refused login needs", () => {
    const error = driverError("08006", "unable to accept connection, access denied");
    const found = { code: "P1000", message: says("dsql:DbConnectAdmin"), cause: error };
    expect(request(error)).toMatchObject({ ...found, meta: { driverAdapterError: { cause: error.cause } } });
    for (const other of [driverError("08006", "gone"), driverError("28000", "access denied")])
      expect(request(other)).toBe(other);
  });

  test.each([
    ["transaction row limit exceeded", "3,000 rows"],
    ["transaction size limit 10mb exceeded", "10 MiB"],
    ["transaction age limit of 300s exceeded", "300 seconds"],
  ])("says of '%s' what the limit is", (text, advice) => {
    const error = driverError("54000", text);
    expect(request(error)).toMatchObject({
      code: "P2039",
      message: says(advice),
      cause: error,
      meta: { driverAdapterError: { cause: error.cause } },
    });
    expect((request(error) as Error).message).toContain(`(54000: ${text})`);
    const other = driverError("54001", text);
    expect(request(other)).toBe(other);
  });

  test.each([
    driverError("54000", "too many columns"),
    driverError("54000", "size limit of age exceed"),
    driverError("23505", "duplicate key"),
    driverError("XX000", "other"),
    driverError("42601", "server unavailable"),
    driverError("XX000"),
    new Error("server unavailable"),
    Object.assign(new Error("a conflict of another library"), { code: "40001" }),
  ])("rethrows any other error as it is: %s", (error) => {
    expect(request(error)).toBe(error);
  });
});

test("a thrown value that is not an error is not changed", () => {
  const lookalike = { name: "DriverAdapterError", cause: { originalCode: "40001" } };
  for (const thrown of [undefined, null, "text", lookalike]) expect(asRequestError(thrown)).toBe(thrown);
});

test("an unavailable cluster has stored nothing of a transaction, which can be retried", () => {
  const error = driverError("XX000", "Server Unavailable");
  expect(asTransactionError(error, undefined)).toMatchObject({
    code: "P2034",
    message: says("Server Unavailable"),
    cause: error,
    meta: {
      driverAdapterError: {
        cause: {
          kind: "TransactionWriteConflict",
          originalCode: "XX000",
          originalMessage: "Server Unavailable",
        },
      },
    },
  });
  expect(asRequestError(error)).toBe(error);
});

test("an isolation level and a closed transaction have Prisma's own codes, and an error of its engine for their cause", () => {
  const level = isolationLevelError("SERIALIZABLE");
  expect(level).toMatchObject({
    code: "P2023",
    message: says("SERIALIZABLE"),
    cause: { name: "DriverAdapterError", cause: { kind: "InvalidIsolationLevel", level: "SERIALIZABLE" } },
  });
  expect(transactionClosedError()).toMatchObject({
    code: "P2028",
    cause: { name: "DriverAdapterError", cause: { kind: "TransactionAlreadyClosed", cause: "timeout" } },
  });
  // Prisma replaces it where it adds the position of the call, and does not print it.
  expect(Object.getOwnPropertyDescriptor(level, "cause")).toMatchObject({
    configurable: true,
    writable: true,
    enumerable: false,
  });
});
