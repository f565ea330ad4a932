import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  classifyError,
  DsqlTokenError,
  failureOf,
  isOccError,
  OccRetryExhaustedError,
  retryTransaction,
  TransactionRolledBackError,
} from "../src/index.ts";
import { noteUnavailable } from "../src/retry/server-unavailable.ts";
import {
  conflict,
  drizzleQueryError,
  prismaConflictCause,
  prismaDriverAdapterError,
  prismaKnownRequestError,
  serverError,
} from "./conflict-shapes.ts";

describe("a conflict is recognised", () => {
  test.each([
    ["40001 that names OC000", conflict("OC000"), "data"],
    ["40001 that names OC001", conflict("OC001"), "schema"],
    ["40001 that names neither", serverError("40001", "could not serialize access"), "unknown"],
    ["40001 without a message", { code: "40001" }, "unknown"],
    ["SQLSTATE OC000 itself", serverError("OC000", ""), "data"],
    ["SQLSTATE OC001 itself", serverError("OC001", ""), "schema"],
    ["Drizzle's wrapper", drizzleQueryError(conflict("OC001")), "schema"],
    ["an originalError", Object.assign(new Error("x"), { originalError: conflict() }), "data"],
    [
      "Sequelize's wrapper",
      Object.assign(new Error("x"), { parent: conflict("OC001"), original: conflict("OC001"), sql: "" }),
      "schema",
    ],
    ["TypeORM's wrapper", Object.assign(new Error("x"), { driverError: conflict(), query: "" }), "data"],
    ["Objection's wrapper", Object.assign(new Error("x"), { nativeError: conflict() }), "data"],
    ["MikroORM's wrapper", Object.assign(new Error("x"), { previous: conflict() }), "data"],
    ["Prisma's P2034", prismaKnownRequestError("P2034"), "unknown"],
    [
      "Prisma's P2010 of a raw query",
      prismaKnownRequestError("P2010", {
        driverAdapterError: prismaDriverAdapterError(prismaConflictCause("OC001")),
      }),
      "schema",
    ],
    [
      "Prisma's conflict without its original",
      prismaDriverAdapterError({ kind: "TransactionWriteConflict" }),
      "unknown",
    ],
    ["Prisma's bare DriverAdapterError", prismaDriverAdapterError(prismaConflictCause()), "data"],
    [
      "Prisma's unmapped OC000",
      prismaDriverAdapterError({ kind: "postgres", originalCode: "OC000", originalMessage: "" }),
      "data",
    ],
    [
      "P2034 that wraps a conflict of known type",
      prismaKnownRequestError("P2034", {
        driverAdapterError: prismaDriverAdapterError(prismaConflictCause("OC001")),
      }),
      "schema",
    ],
    [
      "the outer of two conflicts of known type",
      Object.assign(conflict("OC000"), { cause: conflict("OC001") }),
      "data",
    ],
    [
      "a transaction rolled back because its work caught a conflict",
      new TransactionRolledBackError("x", { cause: conflict() }),
      "data",
    ],
    [
      "an AggregateError of conflicts only",
      new AggregateError([conflict(), drizzleQueryError(conflict())]),
      "data",
    ],
  ])("%s", (_, error, occType) => {
    expect(classifyError(error)).toBe(occType);
    expect(isOccError(error)).toBe(true);
    expect(failureOf(error)).toBe("conflict");
  });
});

describe("what is not a conflict is not classified as one", () => {
  test.each([
    [
      "a unique violation whose message quotes (OC000)",
      serverError("23505", "Key (k)=((OC000)) already exists"),
    ],
    [
      "a wrapper that quotes (OC001) among its parameters",
      drizzleQueryError(serverError("23505", "x"), "(OC001)"),
    ],
    ["a message alone", new Error("change conflicts with another transaction (OC000)")],
    ["P2034 from something that is not Prisma", Object.assign(new Error("x"), { code: "P2034" })],
    ["Prisma's other errors", prismaKnownRequestError("P2002")],
    ["a conflict beside another failure", new AggregateError([conflict(), serverError("23505", "x")])],
    ["an empty AggregateError", new AggregateError([])],
    ["undefined", undefined],
    ["null", null],
    ["a string", "40001"],
    ["a number", 40001],
  ])("%s", (_, error) => {
    expect(classifyError(error)).toBeUndefined();
    expect(failureOf(error)).toBe("other");
  });
});

describe("what a caller can do", () => {
  const lost = new ConnectionLostError("gone");
  const unknown = new CommitOutcomeUnknownError("gone", { cause: lost });
  const unavailable = serverError("XX000", "server unavailable");
  noteUnavailable(unavailable);
  const exhausted = new OccRetryExhaustedError({
    attempts: 3,
    occType: "data",
    elapsedMs: 1,
    stoppedBy: "attempts",
    cause: conflict(),
  });

  test.each([
    ["work may be retried after a lost connection", lost, "connection-lost"],
    ["and after a wrapped one", drizzleQueryError(lost), "connection-lost"],
    [
      "a lost connection outweighs the conflict that it caused",
      Object.assign(conflict(), { cause: lost }),
      "connection-lost",
    ],
    ["work may be retried after `server unavailable`", unavailable, "server-unavailable"],
    [
      "which outweighs the conflict that it caused",
      Object.assign(conflict(), { cause: unavailable }),
      "server-unavailable",
    ],
    [
      "an undetermined COMMIT is not classified by the lost connection that caused it",
      unknown,
      "commit-outcome-unknown",
    ],
    [
      "nor is a wrapped one",
      prismaKnownRequestError("P2010", { driverAdapterError: unknown }),
      "commit-outcome-unknown",
    ],
    [
      "an undetermined COMMIT outweighs the conflicts beside it",
      new AggregateError([conflict(), unknown]),
      "commit-outcome-unknown",
    ],
    ["an exhausted retry is not retried again", exhausted, "other"],
    ["neither is a wrapped one", new Error("x", { cause: exhausted }), "other"],
  ])("%s", (_, error, failure) => expect(failureOf(error)).toBe(failure));

  test("an exhausted retry still has the type of its conflict", () => {
    expect(classifyError(new Error("x", { cause: exhausted }))).toBe("data");
  });

  test("a class from a second copy of this package is judged by its code", () => {
    expect(failureOf({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" })).toBe("commit-outcome-unknown");
  });
});

describe("classifying an error ends, whatever its shape", () => {
  test("a cycle of causes", () => {
    const first = new Error("first");
    first.cause = new Error("second", { cause: first });
    expect(failureOf(first)).toBe("other");
  });

  test("a cause that returns a new error each time it is read", () => {
    const endless = (): Error => Object.defineProperty(new Error("x"), "cause", { get: endless });
    expect(failureOf(endless())).toBe("other");
  });

  test("a property that throws when it is read", () => {
    const hostile = Object.defineProperty(new Error("x", { cause: conflict() }), "code", {
      get() {
        throw new Error("no");
      },
    });
    expect(classifyError(hostile)).toBe("data");
  });

  test("any value", () => {
    fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (value) => failureOf(value) === "other"));
  });

  test("a conflict at any depth of wrappers", () => {
    const link = fc.constantFrom(
      (e: Error) => new Error("x", { cause: e }),
      (e: Error) => drizzleQueryError(e),
      (e: Error) => prismaKnownRequestError("P2010", { driverAdapterError: e }),
      (e: Error) => Object.assign(new Error("x"), { originalError: e }),
      (e: Error) => new AggregateError([e]),
    );
    fc.assert(
      fc.property(fc.array(link, { maxLength: 20 }), (links) => {
        const wrapped = links.reduce((error, wrap) => wrap(error), conflict("OC001"));
        expect(classifyError(wrapped)).toBe("schema");
      }),
    );
  });
});

describe("a lost connection is recognised", () => {
  const withCode = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
  test.each([
    ["ECONNREFUSED", withCode("ECONNREFUSED")],
    ["ECONNRESET", withCode("ECONNRESET")],
    ["ETIMEDOUT", withCode("ETIMEDOUT")],
    ["EPIPE", withCode("EPIPE")],
    ["ENOTFOUND", withCode("ENOTFOUND")],
    ["pg's error for a connection that ended", new Error("Connection terminated unexpectedly")],
    ["pg's error for a connection that was closed", new Error("Connection terminated")],
    [
      "pg's error for a connection that timed out",
      new Error("Connection terminated due to connection timeout"),
    ],
    [
      "pg's error for a client after a lost connection",
      new Error("Client has encountered a connection error and is not queryable"),
    ],
    ["one whose code is null", Object.assign(new Error("Connection terminated"), { code: null })],
    ["one in an ORM's wrapper", Object.assign(new Error("x"), { original: withCode("ECONNRESET") })],
    [
      "all addresses of a host",
      new AggregateError([withCode("ECONNREFUSED"), withCode("ENETUNREACH")], "all failed"),
    ],
  ])("%s", (_, error) => {
    expect(failureOf(error)).toBe("connection-lost");
    expect(isOccError(error)).toBe(false);
  });

  test.each([
    ["a statement that quotes such a message", serverError("22P02", "Connection terminated unexpectedly")],
    [
      "a token that could not be fetched for lack of a network",
      new DsqlTokenError("x", { cause: withCode("ECONNREFUSED") }),
    ],
    ["another code", withCode("ENOENT")],
    ["other text before", new Error("the Connection terminated")],
    ["other text after", new Error("timeout expired of the session")],
    [
      "a message that quotes one",
      new Error("Client has encountered a connection error and is not queryable; x"),
    ],
    ["a message that is not a string", { message: ["Connection terminated"] }],
    ["only some of several failures", new AggregateError([withCode("ECONNRESET"), new Error("x")])],
  ])("but not %s", (_, error) => {
    expect(failureOf(error)).toBe("other");
  });

  test("an undetermined COMMIT stays one, whatever caused it", () => {
    expect(failureOf(new CommitOutcomeUnknownError("x", { cause: withCode("ECONNRESET") }))).toBe(
      "commit-outcome-unknown",
    );
  });

  test("is not a reason to retry work that lost a connection to something else", async () => {
    let runs = 0;
    const error = withCode("ECONNRESET");
    const work = retryTransaction(async () => {
      runs++;
      throw error;
    });
    await expect(work).rejects.toBe(error);
    expect(runs).toBe(1);
  });
});
