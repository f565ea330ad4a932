import { DsqlConfigError } from "dsql-core";
import { describe, expect, it } from "vitest";
import { isReadOnly } from "../src/transaction-config.ts";

describe("a transaction's configuration", () => {
  it("is read write unless it says otherwise", () => {
    expect(isReadOnly()).toBe(false);
    expect(isReadOnly({})).toBe(false);
    expect(isReadOnly(null)).toBe(false);
    expect(isReadOnly({ accessMode: "read write", isolationLevel: "repeatable read" })).toBe(false);
    expect(isReadOnly({ accessMode: "read only" })).toBe(true);
  });

  it("may name the one isolation level there is, and say that it is not deferrable", () => {
    expect(
      isReadOnly({ isolationLevel: "repeatable read", accessMode: "read only", deferrable: false }),
    ).toBe(true);
    expect(isReadOnly({ isolationLevel: undefined, accessMode: undefined, deferrable: undefined })).toBe(
      false,
    );
  });

  it.each([
    [{ isolationLevel: "read uncommitted" }, /^isolationLevel "read uncommitted" cannot be used/],
    [{ isolationLevel: "read committed" }, /^isolationLevel "read committed" cannot be used/],
    [{ isolationLevel: "serializable" }, /^isolationLevel "serializable" cannot be used/],
    [{ deferrable: true }, /^deferrable cannot be used/],
    [{ snapshot: "00000003-1" }, /^snapshot cannot be used/],
    [{ maxAttempts: 3 }, /^maxAttempts is no option of a transaction: .*third argument/],
    [{ occ: true }, /^occ is no option/],
    [{ accessMode: "write only" }, /^accessMode "write only" cannot be used/],
  ])("refuses %o, and says why", (config, message) => {
    expect(() => isReadOnly(config as object)).toThrow(DsqlConfigError);
    expect(() => isReadOnly(config as object)).toThrow(message);
  });
});
