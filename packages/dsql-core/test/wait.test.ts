import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { retryOnOcc, retryTransaction } from "../src/index.ts";
import { wait } from "../src/retry/wait.ts";
import { conflict } from "./conflict-shapes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether a promise is settled once everything that can run has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await vi.advanceTimersByTimeAsync(0);
  return settled;
}

describe("a wait", () => {
  test("ends when its time is over, and leaves no listener behind", async () => {
    const { signal } = new AbortController();
    const waiting = wait(100, signal);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(99);
    expect(await isSettled(waiting)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isSettled(waiting)).toBe(true);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("rejects with the signal's reason, before or while it waits, and leaves no timer behind", async () => {
    const reason = new Error("no longer wanted");
    await expect(wait(100, AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const waiting = wait(100, abort.signal);
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(abort.signal, "abort")).toEqual([]);
  });
});

describe("retries", () => {
  test("wait as long as the backoff returns before they run", async () => {
    let runs = 0;
    const work = async () => {
      if (++runs < 3) throw conflict();
    };
    const done = retryOnOcc(work, { backoff: ({ attempt }) => 100 * attempt });
    await vi.advanceTimersByTimeAsync(99);
    expect(runs).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toBe(2);
    await vi.advanceTimersByTimeAsync(199);
    expect(runs).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toBe(3);
    await done;
  });

  test("wait maxDelayMs if the backoff is not finite, and not at all if it is negative", async () => {
    for (const [computed, waitsMs] of [
      [Number.NaN, 50],
      [Number.POSITIVE_INFINITY, 50],
      [-5, 0],
    ] as const) {
      const delays: number[] = [];
      const work = async (attempt: number) => {
        if (attempt === 1) throw conflict();
      };
      const done = retryOnOcc(work, {
        backoff: () => computed,
        maxDelayMs: 50,
        onRetry: ({ delayMs }) => delays.push(delayMs),
      });
      await vi.advanceTimersByTimeAsync(50);
      await done;
      expect(delays).toEqual([waitsMs]);
    }
  });

  test("stop if the wait would reach the deadline, and when no attempts are left", async () => {
    const failing = () => Promise.reject(conflict());
    const late = retryOnOcc(failing, { backoff: () => 100, deadlineMs: 100 });
    await expect(late).rejects.toMatchObject({ stoppedBy: "deadline", attempts: 1 });
    const inTime = retryOnOcc(failing, { backoff: () => 99, deadlineMs: 100 });
    const ended = expect(inTime).rejects.toMatchObject({ stoppedBy: "deadline", attempts: 2 });
    await vi.advanceTimersByTimeAsync(99);
    await ended;
    await expect(retryOnOcc(failing, { maxAttempts: 1 })).rejects.toMatchObject({
      stoppedBy: "attempts",
      attempts: 1,
    });
  });

  test("after a schema change start at once the first time, and wait the second time", async () => {
    const delays: number[] = [];
    let runs = 0;
    const work = async () => {
      if (++runs < 4) throw conflict("OC001");
    };
    const done = retryTransaction(work, {
      backoff: ({ attempt }) => attempt,
      onRetry: ({ delayMs }) => delays.push(delayMs),
    });
    await vi.advanceTimersByTimeAsync(100);
    await done;
    expect(delays).toEqual([0, 2, 3]);
  });
});
