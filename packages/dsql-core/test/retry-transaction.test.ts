import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  type RetryEvent,
  retryTransaction,
} from "../src/index.ts";
import { noteIfUnreachable } from "../src/retry/unreachable.ts";
import { conflict } from "./conflict-shapes.ts";

const quick = { baseDelayMs: 0, maxDelayMs: 0 };
const lost = () => new ConnectionLostError("the connection ended");

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const unknown = () => new CommitOutcomeUnknownError("no answer to COMMIT", { cause: lost() });

test("retries a transaction whose connection was lost before COMMIT, and counts that separately", async () => {
  const failures = [lost(), conflict(), lost()];
  const events: RetryEvent[] = [];
  const options = { ...quick, onRetry: (event: RetryEvent) => events.push(event) };
  const result = await retryTransaction(async () => {
    if (failures.length > 0) throw failures.shift();
    return "done";
  }, options);
  expect(result).toBe("done");
  expect(events.map(({ reason, reconnects }) => [reason, reconnects])).toEqual([
    ["connection-lost", 1],
    ["conflict", 1],
    ["connection-lost", 2],
  ]);
});

test("rethrows the lost connection itself when that ends the last attempt", async () => {
  const last = lost();
  const work = async () => {
    throw last;
  };
  await expect(retryTransaction(work, { ...quick, maxAttempts: 2 })).rejects.toBe(last);
});

describe("an endpoint that cannot be reached", () => {
  const refused = () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const unreachable = () => {
    const error = refused();
    noteIfUnreachable(error);
    return error;
  };
  /** Runs work that fails with each of these errors in turn; returns how often it ran, and its result or error. */
  async function outcomeAfter(...failures: Error[]) {
    let attempts = 0;
    const work = async () => {
      const failure = failures[attempts++];
      if (failure !== undefined) throw failure;
    };
    const error = await retryTransaction(work, quick).catch((reason: unknown) => reason);
    return { attempts, error };
  }

  test("is retried after a connection was lost", async () => {
    expect(await outcomeAfter(lost(), unreachable(), unreachable())).toEqual({
      attempts: 4,
      error: undefined,
    });
  });

  test("is reported at once if there was no connection before, even after a conflict", async () => {
    const error = unreachable();
    expect(await outcomeAfter(error)).toEqual({ attempts: 1, error });
    expect(await outcomeAfter(conflict(), error)).toEqual({ attempts: 2, error });
  });

  test("is not confused with a host that the work itself could not reach", async () => {
    const error = refused();
    expect(await outcomeAfter(lost(), error)).toEqual({ attempts: 2, error });
    const other = Object.assign(new Error("x"), { code: "ENOENT" });
    noteIfUnreachable(other);
    expect(await outcomeAfter(lost(), other)).toEqual({ attempts: 2, error: other });
  });
});

describe("a COMMIT of undetermined outcome", () => {
  test("is never retried automatically", async () => {
    let attempts = 0;
    const error = unknown();
    const work = async () => {
      attempts++;
      throw error;
    };
    await expect(retryTransaction(work, quick)).rejects.toBe(error);
    expect(attempts).toBe(1);
  });

  test("returns the remembered result when verifyCommit finds that it was stored", async () => {
    const work = async (_attempt: number, remember: (result: string) => string) => {
      remember("stored");
      throw unknown();
    };
    await expect(retryTransaction(work, { verifyCommit: async () => true })).resolves.toBe("stored");
  });

  test("is retried when verifyCommit finds that it was not stored", async () => {
    const reasons: string[] = [];
    const work = async (attempt: number) => {
      if (attempt === 1) throw unknown();
      return attempt;
    };
    const options = {
      ...quick,
      verifyCommit: async () => false,
      onRetry: (event: RetryEvent) => reasons.push(event.reason),
    };
    await expect(retryTransaction(work, options)).resolves.toBe(2);
    expect(reasons).toEqual(["commit-not-stored"]);
  });

  test("stays undetermined, with both errors, when verifyCommit fails", async () => {
    const error = unknown();
    const look = new Error("no way to look");
    const work = async () => {
      throw error;
    };
    const verifyCommit = async () => {
      throw look;
    };
    const failure = await retryTransaction(work, { verifyCommit }).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(CommitOutcomeUnknownError);
    expect((failure as { cause: AggregateError }).cause.errors).toEqual([error, look]);
  });

  test.each([[undefined], [0], ["yes"]])(
    "stays undetermined when verifyCommit returns %j",
    async (answer) => {
      let attempts = 0;
      const work = async () => {
        attempts++;
        throw unknown();
      };
      const verifyCommit = (async () => answer) as never;
      await expect(retryTransaction(work, { ...quick, verifyCommit })).rejects.toThrow(
        CommitOutcomeUnknownError,
      );
      expect(attempts).toBe(1);
    },
  );

  describe("while verifyCommit runs", () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      const left = vi.getTimerCount();
      vi.useRealTimers();
      expect(left).toBe(0);
    });
    const never = () => new Promise<boolean>(() => {});
    const work = async (_attempt: number, remember: (result: string) => string) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      remember("stored");
      throw unknown();
    };

    test("waits for verifyCommit until the deadline", async () => {
      const takes39 = () => new Promise<boolean>((resolve) => setTimeout(resolve, 39, true));
      const { signal } = new AbortController();
      const done = retryTransaction(work, { verifyCommit: takes39, deadlineMs: 100, signal });
      await vi.advanceTimersByTimeAsync(99);
      expect(await done).toBe("stored");
      expect(getEventListeners(signal, "abort")).toEqual([]);
    });

    test("stays undetermined when it has not settled by the deadline", async () => {
      const failed = expect(
        retryTransaction(work, { verifyCommit: never, deadlineMs: 100 }),
      ).rejects.toMatchObject({
        code: "DSQL_COMMIT_OUTCOME_UNKNOWN",
        cause: { errors: [expect.anything(), { message: expect.stringContaining("deadlineMs") }] },
      });
      await vi.advanceTimersByTimeAsync(100);
      await failed;
    });

    test.each([
      ["and it does not settle", never],
      [
        "and it throws",
        () => {
          throw new Error("no way to look");
        },
      ],
    ])("stays undetermined when the caller aborts %s", async (_, settle) => {
      const mine = new Error("mine");
      const controller = new AbortController();
      const verifyCommit = () => {
        controller.abort(mine);
        return settle();
      };
      const { signal } = controller;
      const failed = expect(retryTransaction(work, { verifyCommit, signal })).rejects.toMatchObject({
        code: "DSQL_COMMIT_OUTCOME_UNKNOWN",
        cause: { errors: [expect.anything(), mine] },
      });
      await vi.advanceTimersByTimeAsync(60);
      await failed;
    });
  });

  test("never returns the result of an earlier attempt", async () => {
    const last = unknown();
    const work = async (attempt: number, remember: (result: string) => string) => {
      if (attempt > 1) throw last;
      remember("from the first attempt");
      throw conflict();
    };
    await expect(retryTransaction(work, { ...quick, verifyCommit: async () => true })).rejects.toBe(last);
  });
});

test("does not count what committed while it waited for a connection as able to commit beside it", async () => {
  const begun: string[] = [];
  const connection = gate();
  const firstRetry = gate();
  const options = { conflictKey: "a row that many wait for" };
  const waitsForAConnection = (name: string) =>
    retryTransaction(async (attempt, _remember, hasBegun) => {
      await connection.opened;
      hasBegun();
      if (attempt === 1) throw conflict();
      begun.push(name);
      await firstRetry.opened;
    }, options);
  const waiting = [waitsForAConnection("first"), waitsForAConnection("second")];
  for (let other = 0; other < 5; other++) await retryTransaction(async () => {}, options);
  connection.open();
  await setImmediate();
  expect(begun).toEqual(["first"]);
  firstRetry.open();
  await Promise.all(waiting);
  expect(begun).toEqual(["first", "second"]);
});
