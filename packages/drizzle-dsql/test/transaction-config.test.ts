import { DsqlConfigError } from "dsql-core";
import { describe, expect, it } from "vitest";
import {
  resolveAwsOptions,
  resolveTransactionConfig,
  resolveTransactionOptions,
} from "../src/transaction-config.ts";

describe("a transaction's configuration", () => {
  it("is read write unless it says otherwise", () => {
    expect(resolveTransactionConfig()).toEqual({ readOnly: false });
    expect(resolveTransactionConfig({})).toEqual({ readOnly: false });
    expect(resolveTransactionConfig(null)).toEqual({ readOnly: false });
    expect(resolveTransactionConfig({ accessMode: "read write", isolationLevel: "repeatable read" })).toEqual(
      { readOnly: false },
    );
    expect(resolveTransactionConfig({ accessMode: "read only" })).toEqual({ readOnly: true });
  });

  it("may name the one isolation level there is, and say that it is not deferrable", () => {
    expect(
      resolveTransactionConfig({
        isolationLevel: "repeatable read",
        accessMode: "read only",
        deferrable: false,
      }),
    ).toEqual({ readOnly: true });
    expect(
      resolveTransactionConfig({ isolationLevel: undefined, accessMode: undefined, deferrable: undefined }),
    ).toEqual({ readOnly: false });
  });

  it("may leave another option undefined", () => {
    expect(resolveTransactionConfig({ maxAttempts: undefined })).toEqual({ readOnly: false });
  });

  it.each([
    [{ isolationLevel: "read uncommitted" }, /^isolationLevel "read uncommitted" cannot be used/],
    [{ isolationLevel: "read committed" }, /^isolationLevel "read committed" cannot be used/],
    [{ isolationLevel: "serializable" }, /^isolationLevel "serializable" cannot be used/],
    [{ deferrable: true }, /^deferrable cannot be used/],
    [{ snapshot: "00000003-1" }, /^snapshot cannot be used/],
    [
      { maxAttempts: 3 },
      /^maxAttempts is not an option of transaction\(\), .*second argument of transactionWithRetry/,
    ],
    [{ occ: true }, /^occ is not an option/],
    [{ accessMode: "write only" }, /^accessMode "write only" cannot be used/],
  ])("refuses %o, and says why", (config, message) => {
    expect(() => resolveTransactionConfig(config as object)).toThrow(DsqlConfigError);
    expect(() => resolveTransactionConfig(config as object)).toThrow(message);
  });
});

describe("the options of transactionWithRetry", () => {
  it("are those of a transaction and those of retries in one object", () => {
    expect(resolveTransactionOptions({ accessMode: "read only", maxAttempts: 3 })).toEqual({
      readOnly: true,
      maxAttempts: 3,
    });
    expect(resolveTransactionOptions({ readOnly: true })).toEqual({ readOnly: true });
    expect(resolveTransactionOptions({ readOnly: false, accessMode: "read write" })).toEqual({
      readOnly: false,
    });
    expect(resolveTransactionOptions()).toEqual({ readOnly: false });
    expect(resolveTransactionOptions(null)).toEqual({ readOnly: false });
  });

  it("must not contradict one another", () => {
    expect(() => resolveTransactionOptions({ readOnly: true, accessMode: "read write" })).toThrow(
      'readOnly: true contradicts accessMode: "read write". Set only one of the two.',
    );
    expect(() => resolveTransactionOptions({ readOnly: false, accessMode: "read only" })).toThrow(
      DsqlConfigError,
    );
    expect(() => resolveTransactionOptions({ isolationLevel: "serializable" })).toThrow(DsqlConfigError);
  });
});

describe("the options of @aws/aurora-dsql-drizzle", () => {
  it("are all taken", () => {
    const options = { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 2, jitterFactor: 0, onRetry: () => {} };
    expect(Object.keys(resolveAwsOptions(options)).sort()).toEqual(Object.keys(options).sort());
  });

  it("are not mixed with those of the second argument", () => {
    const mixed = { maxRetries: 2, maxAttempts: 3, deadlineMs: 1 };
    expect(() => resolveAwsOptions(mixed as object)).toThrow(DsqlConfigError);
    expect(() => resolveAwsOptions(mixed as object)).toThrow("maxAttempts, deadlineMs");
  });
});
