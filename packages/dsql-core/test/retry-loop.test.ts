import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  ConnectionLostError,
  noteCommittedRows,
  noteContestedRows,
  type RetryEvent,
  type RetryOptions,
  retryOnOcc,
  retryTransaction,
} from "../src/index.ts";
import { noteUnavailable } from "../src/retry/server-unavailable.ts";
import { conflict, serverError } from "./conflict-shapes.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function unavailable(): Error {
  const error = serverError("XX000", "server unavailable");
  noteUnavailable(error);
  return error;
}

/** The retries of work whose attempts fail with each of these errors in turn. */
async function retriesAfter(errors: unknown[], options: RetryOptions = {}): Promise<RetryEvent[]> {
  const events: RetryEvent[] = [];
  const work = async () => {
    if (errors.length > 0) throw errors.shift();
  };
  const done = retryTransaction(work, { ...options, onRetry: (event) => events.push(event) });
  await vi.runAllTimersAsync();
  await done;
  return events;
}

describe("the wait before a retry", () => {
  const delays = async (...given: Parameters<typeof retriesAfter>) =>
    (await retriesAfter(...given)).map(({ delayMs }) => delayMs);

  test("grows with each conflict of an unknown rival", async () => {
    expect(await delays([conflict(), conflict(), conflict()])).toEqual([5, 10, 20]);
  });

  test("is omitted if the rival has committed, unless the caller set a backoff", async () => {
    expect(await delays([conflict()], { conflictKey: "a" })).toEqual([0]);
    expect(await delays([conflict()], { conflictKey: "b", backoff: () => 7 })).toEqual([7]);
  });

  test("is omitted after the first schema change, even after other conflicts", async () => {
    expect(await delays([conflict(), conflict("OC001"), conflict("OC001")])).toEqual([5, 0, 20]);
  });

  test("grows with lost connections and unavailable servers together, apart from conflicts", async () => {
    const errors = [conflict(), unavailable(), new ConnectionLostError("lost"), unavailable(), conflict()];
    const events = await retriesAfter(errors, { backoff: ({ attempt }) => attempt });
    expect(events.map(({ reason, delayMs, reconnects }) => [reason, delayMs, reconnects])).toEqual([
      ["conflict", 1, 0],
      ["server-unavailable", 1, 0],
      ["connection-lost", 2, 1],
      ["server-unavailable", 3, 1],
      ["conflict", 2, 1],
    ]);
  });
});

test("a single statement, or work without its own connection, is retried after `server unavailable`", async () => {
  const work = vi.fn(async (attempt: number) => {
    if (attempt === 1) throw unavailable();
    return attempt;
  });
  const done = retryOnOcc(work);
  await vi.runAllTimersAsync();
  expect(await done).toBe(2);
});

test("a retry reports how long the work has taken so far", async () => {
  await vi.advanceTimersByTimeAsync(1_000);
  const elapsed: number[] = [];
  const work = async (attempt: number) => {
    await sleep(30);
    if (attempt < 3) throw conflict();
  };
  const done = retryOnOcc(work, { backoff: () => 10, onRetry: (event) => elapsed.push(event.elapsedMs) });
  await vi.runAllTimersAsync();
  await done;
  expect(elapsed).toEqual([30, 70]);
});

test("work that has ended no longer takes turns over its rows", async () => {
  const work = async (attempt: number) => {
    if (attempt > 1) return;
    const lost = conflict();
    noteContestedRows(lost, "ended", () => ["x"]);
    throw lost;
  };
  const done = retryOnOcc(work);
  await vi.runAllTimersAsync();
  await done;
  const rows = vi.fn(() => ["x"]);
  noteCommittedRows("ended", rows);
  expect(rows).not.toHaveBeenCalled();
});

describe("a wait for a turn", () => {
  /** Work whose second attempt takes very long. */
  const holds = (conflictKey: string) =>
    retryOnOcc(
      async (attempt) => {
        if (attempt === 1) throw conflict();
        await sleep(60_000);
      },
      { conflictKey },
    );

  test("ends at the deadline, which includes earlier attempts", async () => {
    const late = retryOnOcc(
      async () => {
        await sleep(60);
        throw conflict();
      },
      { conflictKey: "part", deadlineMs: 100 },
    );
    const failed = late.catch((error: unknown) => ({ error, at: performance.now() }));
    const startedAt = performance.now();
    const holder = holds("part");
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await failed).toMatchObject({
      error: { stoppedBy: "deadline", attempts: 1, occType: "data" },
      at: startedAt + 100,
    });
    await vi.runAllTimersAsync();
    await holder;
  });

  test("for the first attempt can end with no attempt made", async () => {
    const holder = holds("none");
    await vi.advanceTimersByTimeAsync(0);
    const work = vi.fn(async () => {});
    const failed = expect(retryOnOcc(work, { conflictKey: "none", deadlineMs: 100 })).rejects.toMatchObject({
      code: "DSQL_OCC_RETRY_EXHAUSTED",
      stoppedBy: "deadline",
      attempts: 0,
      occType: "unknown",
      cause: undefined,
    });
    await vi.advanceTimersByTimeAsync(100);
    await failed;
    expect(work).not.toHaveBeenCalled();
    await vi.runAllTimersAsync();
    await holder;
  });
});
