import { describe, expect, it } from "vitest";
import { FaultInjector } from "../../src/faults/fault-injector.ts";
import { FAULT_NAMES } from "../../src/faults/index.ts";

describe("faults", () => {
  it("fire as often as they were armed, and are counted", () => {
    const faults = new FaultInjector();
    faults.conflictCommits(1, "OC001");
    faults.conflictCommits(1);
    expect([faults.beforeCommit(), faults.beforeCommit(), faults.beforeCommit()]).toEqual([
      { sqlstate: "40001", message: "schema has been updated by another transaction (OC001)" },
      { sqlstate: "40001", message: "change conflicts with another transaction (OC000)" },
      undefined,
    ]);
    expect(faults.counts.conflict).toBe(2);
    expect(Object.keys(faults.counts)).toEqual([...FAULT_NAMES]);
  });

  it("are distinguished by their point", () => {
    const faults = new FaultInjector();
    faults.cutConnection("after-commit");
    expect([faults.beforeBegin(), faults.inStatement(), faults.beforeCommit(), faults.afterCommit()]).toEqual(
      [undefined, undefined, undefined, "cut"],
    );
  });

  it("are active only while one is armed or there is latency", () => {
    const faults = new FaultInjector();
    expect(faults.active).toBe(false);
    faults.dropCommitResponse();
    expect(faults.active).toBe(true);
    expect(faults.afterCommit()).toBe("drop");
    expect(faults.active).toBe(false);
    faults.latency({ commitMs: 1 });
    expect(faults.active).toBe(true);
    faults.clear();
    expect(faults.active).toBe(false);
    expect(faults.delayCommit()).toBeUndefined();
    expect(faults.counts["dropped-commit-response"]).toBe(0);
  });

  it("refuse numbers that mean nothing, by name", () => {
    const faults = new FaultInjector();
    expect(() => faults.conflictCommits(0)).toThrow("times must be an integer of at least 1");
    expect(() => faults.latency({ roundTripMs: -1 })).toThrow("roundTripMs must be a number of at least 0");
    expect(() => faults.latency({ commitJitter: 2 })).toThrow("commitJitter must be at most 1");
  });
});
