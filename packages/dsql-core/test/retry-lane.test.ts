import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { OccRetryExhaustedError, retryOnOcc } from "../src/index.ts";
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
  test("lets one retry run at a time, those that lost first first", async () => {
    const lane = new RetryLane();
    let place = await lane.enter(1, never);
    const order: number[] = [];
    const entries = [4, 2, 3].map((ticket) =>
      lane.enter(ticket, never).then((taken) => {
        order.push(ticket);
        place = taken;
      }),
    );
    for (const _ of entries) {
      lane.leave(place);
      await nextTurn();
    }
    expect(order).toEqual([2, 3, 4]);
  });

  test("is as wide as commits go side by side, and half as much again", async () => {
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

  test("keeps what the last of the first losers saw", () => {
    const lane = new RetryLane();
    for (let i = 0; i < 4; i++) lane.committed(false);
    lane.lost(0, false);
    lane.lost(lane.commits, false);
    expect(lane.width).toBeGreaterThanOrEqual(2);
  });

  test("grows while its retries commit", () => {
    const lane = new RetryLane();
    for (let i = 0; i < 11; i++) lane.committed(true);
    expect(lane.width).toBeGreaterThanOrEqual(2);
  });

  test("forgets a retry whose caller gave up waiting", async () => {
    const lane = new RetryLane();
    const first = await lane.enter(1, never);
    const caller = new AbortController();
    const impatient = lane.enter(2, caller.signal);
    const patient = lane.enter(3, never);
    caller.abort(new Error("no longer wanted"));
    await expect(impatient).rejects.toThrow("no longer wanted");
    lane.leave(first);
    lane.leave(await patient);
    expect(lane.isBusy).toBe(false);
  });

  test("passes the place of a retry that does not end to the next, and takes it back only once", async () => {
    const lane = new RetryLane(10);
    const hanging = await lane.enter(1, never);
    const second = await lane.enter(2, never);
    const third = lane.enter(3, never);
    lane.leave(hanging);
    expect(await admitted({ third })).toEqual([]);
    lane.leave(second);
    lane.leave(await third);
    expect(lane.isBusy).toBe(false);
  });
});

/** One row in memory: the first to commit wins, and everybody else who had read it loses. */
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

describe("many that fight over one row", () => {
  test("all commit, and nearly all do so in their second attempt", async () => {
    const { row, increment } = hotRow();
    await Promise.all(Array.from({ length: 100 }, () => retryOnOcc(() => increment())));
    expect(row.value).toBe(100);
    expect(row.attempts).toBeLessThanOrEqual(300);
  });

  test("take turns from the first attempt on when they name what they fight over", async () => {
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

  test("do not hold up those that fight over something else", async () => {
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

  test("leave the lane free when they fail for another reason", async () => {
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
