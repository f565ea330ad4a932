import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { noteCommittedRows, noteContestedRows } from "../src/index.ts";
import { type TurnLimits, Turns } from "../src/retry/retry-lane.ts";
import { conflict, drizzleQueryError } from "./conflict-shapes.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  for (const turns of joined.splice(0)) turns.end();
  const left = vi.getTimerCount();
  vi.useRealTimers();
  expect(left).toBe(0);
});

const joined: Turns[] = [];
function newTurns(options: { cluster?: string; conflictKey?: string } = { cluster: "c" }): Turns {
  const turns = new Turns(options);
  joined.push(turns);
  return turns;
}

const limits: TurnLimits = { patienceMs: 60_000, signal: undefined };

/** An attempt that meets a conflict over these rows. */
const losing =
  (...rows: string[]) =>
  async () => {
    const lost = conflict();
    noteContestedRows(lost, "c", () => rows);
    throw lost;
  };
const lose = (turns: Turns, ...rows: string[]) => turns.take(losing(...rows), limits);
const commit = (...rows: string[]) => noteCommittedRows("c", () => rows);

/** Takes a turn that lasts until `finish` is called. */
function hold(turns: Turns, waits = limits) {
  const held = { isRunning: false, finish: (_?: Error) => {} };
  const outcome = turns.take(
    () =>
      new Promise<void>((resolve, reject) => {
        held.isRunning = true;
        held.finish = (error) => (error === undefined ? resolve() : reject(error));
      }),
    waits,
  );
  return Object.assign(held, { outcome });
}

describe("a conflict over rows", () => {
  test("is retried at once if other work lost over one of them too, and the rival has committed", async () => {
    const [first, second] = [newTurns(), newTurns()];
    expect(await lose(first, "x")).toMatchObject({ retryAtOnce: false });
    expect(await lose(second, "y", "x")).toMatchObject({ retryAtOnce: true });
    // In its turn, a rival counts as committed only if its commit was seen.
    expect(await lose(second, "x")).toMatchObject({ retryAtOnce: false });
    const beaten = second.take(async () => {
      commit("x");
      return await losing("x")();
    }, limits);
    expect(await beaten).toMatchObject({ retryAtOnce: true });
    expect(await second.take(async () => "done", limits)).toEqual({ result: "done" });
  });

  test("waits for each row once and in a fixed order, however they are named", async () => {
    const [first, second] = [newTurns(), newTurns()];
    await lose(first, "x", "y", "x");
    await lose(second, "y", "x", "y");
    await lose(first, "x", "y", "x");
    const held = [hold(second), hold(first)];
    await nextTurn();
    expect(held.map(({ isRunning }) => isRunning).toSorted()).toEqual([false, true]);
    for (const { isRunning, finish } of held) if (isRunning) finish();
    await nextTurn();
    for (const { finish } of held) finish();
    await Promise.all(held.map(({ outcome }) => outcome));
  });

  test("is recognised in an error that wraps it", async () => {
    const [first, second] = [newTurns(), newTurns()];
    await lose(first, "x");
    const wrapped = second.take(
      () => losing("x")().catch((lost) => Promise.reject(drizzleQueryError(lost))),
      limits,
    );
    expect(await wrapped).toMatchObject({ retryAtOnce: true });
  });

  test("leaves the rows over which no other work lost", async () => {
    const [first, second, third] = [newTurns(), newTurns(), newTurns()];
    await lose(first, "x");
    await lose(second, "x", "y");
    expect(await lose(third, "y")).toMatchObject({ retryAtOnce: false });
  });

  test("is retried at once when the rival wrote only one of several rows", async () => {
    const [first, second] = [newTurns(), newTurns()];
    await lose(first, "x", "y");
    await lose(second, "x", "y");
    const beaten = second.take(async () => {
      commit("y");
      return await losing("x", "y")();
    }, limits);
    expect(await beaten).toMatchObject({ retryAtOnce: true });
  });

  test("does not count commits before its transaction began as its rivals", async () => {
    const [first, second] = [newTurns(), newTurns()];
    await lose(first, "x");
    await lose(second, "x");
    const waited = second.take(async (begun) => {
      commit("x");
      begun();
      return await losing("x")();
    }, limits);
    expect(await waited).toMatchObject({ retryAtOnce: false });
  });

  test("does not lead to turns if the schema changed", async () => {
    const [first, second] = [newTurns(), newTurns()];
    const changed = async () => {
      const lost = conflict("OC001");
      noteContestedRows(lost, "c", () => ["x"]);
      throw lost;
    };
    await lose(first, "x");
    expect(await second.take(changed, limits)).toMatchObject({ retryAtOnce: false });
    const running = [hold(first), hold(second)];
    await nextTurn();
    expect(running.map(({ isRunning }) => isRunning)).toEqual([true, true]);
    for (const { finish } of running) finish();
    await Promise.all(running.map(({ outcome }) => outcome));
  });

  test("lets one retry run at a time, however many have committed", async () => {
    const [first, second] = [newTurns(), newTurns()];
    await lose(first, "x");
    await lose(second, "x");
    for (let commits = 0; commits < 20; commits++) await first.take(async () => {}, limits);
    const [running, waiting] = [hold(first), hold(second)];
    await nextTurn();
    expect([running.isRunning, waiting.isRunning]).toEqual([true, false]);
    running.finish();
    await running.outcome;
    await nextTurn();
    waiting.finish();
    await waiting.outcome;
  });

  test("computes the rows of a commit only while work takes turns over rows", async () => {
    const rows = vi.fn(() => ["x"]);
    noteCommittedRows("c", rows);
    expect(rows).not.toHaveBeenCalled();
    const turns = newTurns();
    await lose(turns, "x", "y");
    await lose(turns, "y");
    noteCommittedRows("c", rows);
    expect(rows).toHaveBeenCalledTimes(1);
    turns.end();
    noteCommittedRows("c", rows);
    expect(rows).toHaveBeenCalledTimes(1);
  });
});

describe("a turn in several lanes", () => {
  /** One holds row y; another holds x and waits for y; a third waits for x. */
  async function heldUp(signal: AbortSignal | undefined) {
    const [holder, waiter, third] = [newTurns(), newTurns(), newTurns()];
    await lose(holder, "y");
    await lose(third, "x");
    await lose(waiter, "x", "y");
    const holding = hold(holder);
    await nextTurn();
    const waiting = hold(waiter, { patienceMs: 20, signal });
    await nextTurn();
    const wanting = hold(third);
    await nextTurn();
    expect([holding.isRunning, waiting.isRunning, wanting.isRunning]).toEqual([true, false, false]);
    return { holding, waiting, wanting };
  }

  test("that times out releases the lanes that it held", async () => {
    const { holding, waiting, wanting } = await heldUp(undefined);
    vi.advanceTimersByTime(20);
    expect(await waiting.outcome).toEqual({ timedOut: true });
    await nextTurn();
    expect([waiting.isRunning, wanting.isRunning]).toEqual([false, true]);
    holding.finish();
    wanting.finish();
    await Promise.all([holding.outcome, wanting.outcome]);
  });

  test("that is aborted does the same", async () => {
    const abort = new AbortController();
    const { holding, waiting, wanting } = await heldUp(abort.signal);
    const reason = new Error("no longer wanted");
    abort.abort(reason);
    await expect(waiting.outcome).rejects.toBe(reason);
    await nextTurn();
    expect([waiting.isRunning, wanting.isRunning]).toEqual([false, true]);
    holding.finish();
    wanting.finish();
    await Promise.all([holding.outcome, wanting.outcome]);
  });

  test("does not run if it is aborted at the moment it comes", async () => {
    const abort = new AbortController();
    const { holding, waiting, wanting } = await heldUp(abort.signal);
    commit("y");
    abort.abort(new Error("no longer wanted"));
    await expect(waiting.outcome).rejects.toThrow("no longer wanted");
    expect(waiting.isRunning).toBe(false);
    await nextTurn();
    holding.finish();
    wanting.finish();
    await Promise.all([holding.outcome, wanting.outcome]);
  });
});

describe("work with a conflictKey", () => {
  const keyed = (conflictKey: string) => newTurns({ cluster: "c", conflictKey });

  test("queues in the order of arrival", async () => {
    const holder = keyed("order");
    await lose(holder);
    const holding = hold(holder);
    await nextTurn();
    const [early, late] = [keyed("order"), keyed("order")];
    const order: string[] = [];
    const waiting = [
      late.take(async () => order.push("late"), limits),
      early.take(async () => order.push("early"), limits),
    ];
    holding.finish();
    await Promise.all(waiting);
    expect(order).toEqual(["early", "late"]);
  });

  test("queues behind work that lost before it arrived", async () => {
    const [holder, loser] = [keyed("before"), keyed("before")];
    await lose(loser);
    await lose(holder);
    const holding = hold(holder);
    await nextTurn();
    const order: string[] = [];
    const waiting = [
      keyed("before").take(async () => order.push("newcomer"), limits),
      loser.take(async () => order.push("loser"), limits),
    ];
    holding.finish();
    await Promise.all(waiting);
    expect(order).toEqual(["loser", "newcomer"]);
  });

  test("is retried at once if it lost outside a turn, or against a commit that was seen", async () => {
    const turns = keyed("rival");
    const rival = keyed("rival");
    expect(await lose(turns)).toMatchObject({ retryAtOnce: true });
    expect(await lose(turns)).toMatchObject({ retryAtOnce: false });
    const beaten = turns.take(async () => {
      await rival.take(async () => {}, limits);
      return await losing()();
    }, limits);
    expect(await beaten).toMatchObject({ retryAtOnce: true });
  });

  test("is not retried at once after an error that is not a conflict, nor after a schema change", async () => {
    for (const error of [new Error("not enough money"), conflict("OC001")]) {
      const failed = keyed("fails").take(() => Promise.reject(error), limits);
      expect(await failed).toEqual({ error, retryAtOnce: false });
    }
  });

  test("widens its lane only with retries that commit", async () => {
    const turns = keyed("wide");
    for (let commits = 0; commits < 20; commits++) await turns.take(async () => {}, limits);
    await lose(turns);
    const other = keyed("wide");
    await lose(other);
    const [running, waiting] = [hold(turns), hold(other)];
    await nextTurn();
    expect([running.isRunning, waiting.isRunning]).toEqual([true, false]);
    running.finish();
    await running.outcome;
    await nextTurn();
    waiting.finish();
    await waiting.outcome;
  });
});
