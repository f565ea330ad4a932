import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { noteCommittedRows, noteContestedRows, OccRetryExhaustedError, retryOnOcc } from "../src/index.ts";
import { RetryLane } from "../src/retry/retry-lane.ts";
import { conflict } from "./conflict-shapes.ts";

const never = new AbortController().signal;

/** Lets promise reactions run, then says which of the named entries were admitted. */
async function admitted(entries: Record<string, Promise<object>>): Promise<string[]> {
  const names: string[] = [];
  for (const [name, entry] of Object.entries(entries)) entry.then(() => names.push(name)).catch(() => {});
  await nextTurn();
  return names;
}

describe("a retry lane", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("lets one retry run at a time, in the order in which they lost", async () => {
    const lane = new RetryLane();
    let slot = await lane.enter(1, never);
    const order: number[] = [];
    const entries = [4, 2, 3, 5].map((ticket) =>
      lane.enter(ticket, never).then((taken) => {
        order.push(ticket);
        slot = taken;
      }),
    );
    for (const _ of entries) {
      lane.release(slot);
      await nextTurn();
    }
    expect(order).toEqual([2, 3, 4, 5]);
  });

  test("lets in as many retries as committed side by side, and half as many again", async () => {
    const lane = new RetryLane();
    const before = lane.commits;
    for (let i = 0; i < 4; i++) lane.committed(false);
    lane.lost(before, false);
    const entries = Object.fromEntries(
      [1, 2, 3, 4, 5, 6, 7].map((ticket) => [ticket, lane.enter(ticket, never)]),
    );
    expect(await admitted(entries)).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  test("narrows to one when a retry loses against a single commit", async () => {
    const lane = new RetryLane();
    for (let i = 0; i < 8; i++) lane.committed(false);
    lane.lost(0, false);
    expect(lane.width).toBeGreaterThanOrEqual(2);
    const before = lane.commits;
    lane.committed(true);
    lane.lost(before, true);
    expect(lane.width).toBeLessThan(2);
  });

  test("keeps the width that the last of the first losers saw", () => {
    const lane = new RetryLane();
    for (let i = 0; i < 4; i++) lane.committed(false);
    lane.lost(0, false);
    lane.lost(lane.commits, false);
    expect(lane.width).toBeGreaterThanOrEqual(2);
  });

  test("stays as narrow as it was while first attempts commit", () => {
    const lane = new RetryLane();
    for (let i = 0; i < 20; i++) lane.committed(false);
    expect(lane.width).toBeLessThan(2);
  });

  test("grows while its retries commit", () => {
    const lane = new RetryLane();
    for (let i = 0; i < 11; i++) lane.committed(true);
    expect(lane.width).toBeGreaterThanOrEqual(2);
  });

  test("forgets a retry whose caller gave up waiting, and leaves no timer and no listener behind", async () => {
    const lane = new RetryLane();
    const first = await lane.enter(1, never);
    const caller = new AbortController();
    const patient = lane.enter(2, caller.signal);
    const impatience = new AbortController();
    const impatient = lane.enter(3, impatience.signal);
    impatience.abort(new Error("no longer wanted"));
    await expect(impatient).rejects.toThrow("no longer wanted");
    expect(getEventListeners(impatience.signal, "abort")).toEqual([]);
    lane.release(first);
    const second = await patient;
    expect(getEventListeners(caller.signal, "abort")).toEqual([]);
    const last = lane.enter(4, caller.signal);
    caller.abort(new Error("nor this"));
    await expect(last).rejects.toThrow("nor this");
    expect(vi.getTimerCount()).toBe(0);
    lane.release(second);
    expect(lane.isBusy).toBe(false);
  });

  test("passes the slot of a retry that does not end to the next, and releases it only once", async () => {
    const lane = new RetryLane(10);
    const hanging = await lane.enter(1, never);
    const entries = { second: lane.enter(2, never), third: lane.enter(3, never) };
    vi.advanceTimersByTime(9);
    expect(await admitted(entries)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await admitted(entries)).toEqual(["second"]);
    vi.advanceTimersByTime(5);
    lane.release(hanging);
    expect(await admitted(entries)).toEqual(["second"]);
    // The full time after the second was admitted, whatever the first did meanwhile.
    vi.advanceTimersByTime(5);
    expect(await admitted(entries)).toEqual(["second", "third"]);
    expect(vi.getTimerCount()).toBe(0);
    lane.release(await entries.second);
    lane.release(await entries.third);
    expect(lane.isBusy).toBe(false);
  });

  test("gives each retry the full time", async () => {
    const lane = new RetryLane(10);
    const first = await lane.enter(1, never);
    const entries = { second: lane.enter(2, never), third: lane.enter(3, never) };
    vi.advanceTimersByTime(9);
    lane.release(first);
    vi.advanceTimersByTime(9);
    expect(await admitted(entries)).toEqual(["second"]);
    vi.advanceTimersByTime(1);
    expect(await admitted(entries)).toEqual(["second", "third"]);
  });
});

/**
 * Rows in memory, of which each transaction writes one; the cluster is named after the test, so that tests do not share
 * lanes.
 */
function table(cluster: string) {
  const versions = new Map<string, number>();
  const counts = { attempts: 0 };
  const write = async (row: string, work: () => Promise<unknown> = nextTurn) => {
    counts.attempts++;
    const seen = versions.get(row) ?? 0;
    await work();
    await nextTurn();
    if ((versions.get(row) ?? 0) !== seen) {
      const lost = conflict();
      noteContestedRows(lost, cluster, () => [row]);
      throw lost;
    }
    versions.set(row, seen + 1);
    noteCommittedRows(cluster, () => [row]);
  };
  return { counts, write };
}

/** Attempts that the test ends. */
function gate() {
  const waiting: (() => void)[] = [];
  return {
    wait: () => new Promise<void>((resolve) => waiting.push(resolve)),
    open: () => {
      for (const resume of waiting.splice(0)) resume();
    },
    get waiting() {
      return waiting.length;
    },
  };
}

const noWait = { baseDelayMs: 0, maxDelayMs: 0 };

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !holds(); turn++) await nextTurn();
  expect(holds()).toBe(true);
}

describe("retries of work that lost over the same row", () => {
  test("take turns, so that nearly all commit in their second attempt", async () => {
    const { counts, write } = table("second attempt");
    await Promise.all(Array.from({ length: 100 }, () => retryOnOcc(() => write("hot"))));
    expect(counts.attempts).toBeLessThanOrEqual(210);
  });

  test("do not hold up work that lost over another row, whichever function ran it", async () => {
    const { write } = table("another row");
    const held = gate();
    const withTransaction = (row: string, work?: () => Promise<void>) => {
      let attempt = 0;
      return retryOnOcc(() => (++attempt === 1 ? write(row, loseFirst(row)) : write(row, work)), noWait);
    };
    // Commits beside the first attempt, which therefore loses.
    const loseFirst = (row: string) => async () => void (await write(row));
    const hot = [withTransaction("hot", held.wait), withTransaction("hot", held.wait)];
    await until(() => held.waiting > 0);
    await Promise.all(["a", "b", "c"].map((row) => withTransaction(row)));
    const opening = setInterval(held.open, 1);
    await Promise.all(hot).finally(() => clearInterval(opening));
  });

  test("do not wait for a retry that is bound to lose because another transaction has committed", async () => {
    const { counts, write } = table("overtaken");
    const held = gate();
    const slow = { attempts: 0 };
    // Both lose their first attempt; the first of them then works until the gate opens.
    const losers = [0, 1].map((index) =>
      retryOnOcc(() => write("hot", index === 0 && ++slow.attempts === 2 ? held.wait : nextTurn), noWait),
    );
    const winner = write("hot");
    await winner;
    await until(() => held.waiting === 1);
    const before = counts.attempts;
    await nextTurn();
    expect(counts.attempts).toBe(before);
    let isDone = false;
    void losers[1]?.then(() => {
      isDone = true;
    });
    await write("hot");
    // Long before a stuck retry is passed over.
    await until(() => isDone);
    held.open();
    await losers[0];
  });

  test("take no turns if the rows that they lost over are not known", async () => {
    const held = gate();
    const work = async (attempt: number) => {
      if (attempt === 1) throw conflict();
      await held.wait();
    };
    const both = [0, 1].map(() => retryOnOcc(work, noWait));
    await until(() => held.waiting === 2);
    held.open();
    await Promise.all(both);
  });

  test("are separate for each cluster", async () => {
    const held = gate();
    const tables = [table("cluster one"), table("cluster two")];
    const all = tables.flatMap(({ write }) =>
      [0, 1].map(() => {
        let attempt = 0;
        return retryOnOcc(() => write("hot", ++attempt > 1 ? held.wait : nextTurn), noWait);
      }),
    );
    await Promise.all(tables.map(({ write }) => write("hot")));
    await until(() => held.waiting === 2);
    const opening = setInterval(held.open, 1);
    await Promise.all(all).finally(() => clearInterval(opening));
  });
});

test("a wait for a turn leaves no listener on the caller's signal, whether it succeeds, times out or is aborted", async () => {
  const held = gate();
  const abort = new AbortController();
  const options = { conflictKey: "listened to", ...noWait };
  const holder = retryOnOcc(async (attempt) => {
    if (attempt === 1) throw conflict();
    await held.wait();
  }, options);
  await until(() => held.waiting === 1);
  const comes = retryOnOcc(async () => "came", { ...options, signal: abort.signal });
  const timesOut = retryOnOcc(async () => {}, { ...options, signal: abort.signal, deadlineMs: 20 });
  await expect(timesOut).rejects.toMatchObject({ stoppedBy: "deadline" });
  expect(getEventListeners(abort.signal, "abort")).toHaveLength(1);
  held.open();
  expect(await comes).toBe("came");
  await holder;
  expect(getEventListeners(abort.signal, "abort")).toEqual([]);
  const second = retryOnOcc(async (attempt) => {
    if (attempt === 1) throw conflict();
    await held.wait();
  }, options);
  await until(() => held.waiting === 1);
  const aborted = retryOnOcc(async () => {}, { ...options, signal: abort.signal });
  const reason = new Error("no longer wanted");
  abort.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  expect(getEventListeners(abort.signal, "abort")).toEqual([]);
  held.open();
  await second;
});

test("newcomers with a conflictKey do not wait while no retry is running or waiting", async () => {
  const held = gate();
  const options = { conflictKey: "free" };
  const all = [1, 2, 3].map(() => retryOnOcc(() => held.wait(), options));
  await until(() => held.waiting === 3);
  held.open();
  await Promise.all(all);
});

test("the same conflictKey on two clusters means two lanes", async () => {
  const held = gate();
  const work = async (attempt: number) => {
    if (attempt === 1) throw conflict();
    await held.wait();
  };
  const all = ["one", "two"].map((cluster) => retryOnOcc(work, { conflictKey: "row 1", cluster }));
  await until(() => held.waiting === 2);
  held.open();
  await Promise.all(all);
});

/** One row in memory: the first to commit wins, and all others that had read it lose. */
function hotRow() {
  const row = { value: 0, version: 0, attempts: 0 };
  const increment = async () => {
    row.attempts++;
    const seen = { ...row };
    await nextTurn();
    await nextTurn();
    if (row.version !== seen.version) throw conflict();
    row.version++;
    row.value = seen.value + 1;
  };
  return { row, increment };
}

describe("many transactions that compete for one row", () => {
  test("take turns from their first attempt if they have a conflictKey", async () => {
    const { row, increment } = hotRow();
    const named = { conflictKey: "row 1" };
    const fighting = [retryOnOcc(increment, named), retryOnOcc(increment, named)];
    await new Promise<void>((resolve) => {
      const look = () => (row.attempts >= 3 ? resolve() : setImmediate(look));
      look();
    });
    const late = retryOnOcc(increment, named);
    await Promise.all([...fighting, late]);
    expect(row.attempts).toBe(4);
  });

  test("do not hold up those that compete for another row", async () => {
    let free: (() => void) | undefined;
    const slow = async (attempt: number) => {
      if (attempt === 1) throw conflict();
      await new Promise<void>((resolve) => {
        free = resolve;
      });
    };
    const quick = async (attempt: number) => {
      if (attempt === 1) throw conflict();
      return "done";
    };
    const held = retryOnOcc(slow, { conflictKey: "a" });
    await expect(retryOnOcc(quick, { conflictKey: "b" })).resolves.toBe("done");
    free?.();
    await held;
  });

  test("wait for their turn no longer than their deadline", async () => {
    let free: (() => void) | undefined;
    const holder = retryOnOcc(
      async (attempt) => {
        if (attempt === 1) throw conflict();
        await new Promise<void>((resolve) => {
          free = resolve;
        });
      },
      { conflictKey: "held" },
    );
    await nextTurn();
    const waiting = retryOnOcc(async () => {}, { conflictKey: "held", deadlineMs: 20 });
    const failure = await waiting.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OccRetryExhaustedError);
    expect(failure).toMatchObject({
      stoppedBy: "deadline",
      attempts: 0,
      message: expect.stringContaining("waited"),
    });
    free?.();
    await holder;
  });

  test("release their slots when they fail for another reason", async () => {
    const failing = async (attempt: number) => {
      throw attempt === 1 ? conflict() : new Error("not enough money");
    };
    const options = { conflictKey: "freed" };
    await expect(retryOnOcc(failing, options)).rejects.toThrow("not enough money");
    await expect(retryOnOcc(async (n) => (n === 1 ? Promise.reject(conflict()) : n), options)).resolves.toBe(
      2,
    );
  });
});
