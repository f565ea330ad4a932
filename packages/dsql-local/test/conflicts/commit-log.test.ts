import { describe, expect, it } from "vitest";
import { CommitLog } from "../../src/conflicts/commit-log.ts";
import { bitsConflict, EXCLUSIVE, KEY_SHARE, RELEASED, REMOVED, UPDATE } from "../../src/conflicts/marks.ts";
import { Snapshot } from "../../src/conflicts/snapshot.ts";

describe("the matrix of the user guide", () => {
  it.each([
    ["exclusive", EXCLUSIVE, "exclusive", EXCLUSIVE, true],
    ["exclusive", EXCLUSIVE, "update", UPDATE, true],
    ["exclusive", EXCLUSIVE, "key share", KEY_SHARE, true],
    ["update", UPDATE, "update", UPDATE, true],
    ["update", UPDATE, "key share", KEY_SHARE, false],
    ["key share", KEY_SHARE, "key share", KEY_SHARE, false],
    ["exclusive", EXCLUSIVE | REMOVED, "a released reference", RELEASED, false],
  ])("%s against %s", (_a, a, _b, b, conflicts) => {
    expect(bitsConflict(a, b)).toBe(conflicts);
    expect(bitsConflict(b, a)).toBe(conflicts);
  });
});

describe("a snapshot", () => {
  it("sees what had committed when it was taken, and nothing that was open or came later", () => {
    const snapshot = new Snapshot("10:20:12,15");
    expect([9, 11, 12, 15, 19, 20].map((id) => snapshot.sees(id))).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(new Snapshot("7:7:").sees(7)).toBe(false);
  });
});

describe("the log of commits", () => {
  it("compares with commits that the snapshot does not see, and forgets what all see", () => {
    const log = new CommitLog();
    const [older, newer] = [new Snapshot("5:5:"), new Snapshot("7:7:")];
    log.begin(6, { marks: new Map([["row", UPDATE]]) }).committed();
    const own = { marks: new Map([["row", UPDATE]]) };
    expect(log.conflicts(own, older)).toBe(true);
    expect(log.conflicts(own, newer)).toBe(false);
    expect(log.conflicts({ marks: new Map([["other", EXCLUSIVE]]) }, older)).toBe(false);
    log.prune([older, newer]);
    expect(log.size).toBe(1);
    log.prune([newer]);
    expect(log.size).toBe(0);
  });

  it("tells of references that were released to a removed key, without calling that a conflict", () => {
    const log = new CommitLog();
    const snapshot = new Snapshot("5:5:");
    log.begin(6, { marks: new Map([["parent", RELEASED]]) }).committed();
    const own = { marks: new Map([["parent", EXCLUSIVE | REMOVED]]) };
    expect(log.conflicts(own, snapshot)).toBe(false);
    expect(log.meets(own, snapshot)).toBe(true);
  });

  it("holds a COMMIT under way apart, until it is known how it has ended", async () => {
    const log = new CommitLog();
    const snapshot = new Snapshot("5:5:");
    const own = { marks: new Map([["row", UPDATE]]) };
    const [first, second] = [log.begin(6, own), log.begin(7, own)];
    expect(log.conflicts(own, snapshot)).toBe(false);
    expect(log.hasUnseen(snapshot)).toBe(true);
    expect(log.pendingConflict({ marks: new Map([["other", UPDATE]]) }, snapshot)).toBeUndefined();
    const end = log.pendingConflict(own, snapshot);
    first.failed();
    await end;
    expect(log.conflicts(own, snapshot)).toBe(false);
    log.prune([]);
    expect(log.size).toBe(1);
    second.committed();
    await log.pendingMeeting(own, snapshot);
    expect(log.pendingConflict(own, snapshot)).toBeUndefined();
    expect(log.conflicts(own, snapshot)).toBe(true);
  });
});
