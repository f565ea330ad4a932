import { describe, expect, test } from "vitest";
import {
  DsqlConfigError,
  OccRetryExhaustedError,
  type RetryEvent,
  type RetryOptions,
  retryOnOcc,
} from "../src/index.ts";
import { conflict, serverError } from "./conflict-shapes.ts";

const quick = { baseDelayMs: 0, maxDelayMs: 0 };

/** Work that fails with each of these errors in turn, then succeeds. */
function failingWith(...errors: unknown[]) {
  const attempts: number[] = [];
  const work = async (attempt: number) => {
    attempts.push(attempt);
    if (errors.length > 0) throw errors.shift();
    return "done";
  };
  return { work, attempts };
}

test("retries work until it meets no conflict", async () => {
  const { work, attempts } = failingWith(conflict(), conflict("OC001"), conflict());
  await expect(retryOnOcc(work, quick)).resolves.toBe("done");
  expect(attempts).toEqual([1, 2, 3, 4]);
});

test("rethrows an error that is not a conflict, unchanged and at once", async () => {
  const violation = serverError("23505", "duplicate key");
  const { work, attempts } = failingWith(violation);
  await expect(retryOnOcc(work, quick)).rejects.toBe(violation);
  expect(attempts).toEqual([1]);
});

test("counts the first attempt among maxAttempts, and reports the last error", async () => {
  const last = conflict("OC001");
  const { work, attempts } = failingWith(conflict(), conflict(), last);
  const failure = await retryOnOcc(work, { ...quick, maxAttempts: 3 }).catch((error: unknown) => error);
  expect(attempts).toEqual([1, 2, 3]);
  expect(failure).toBeInstanceOf(OccRetryExhaustedError);
  expect(failure).toMatchObject({ attempts: 3, occType: "schema", stoppedBy: "attempts", cause: last });
});

test("begins no attempt after the deadline", async () => {
  const { work, attempts } = failingWith(conflict());
  const options: RetryOptions = { deadlineMs: 1000, backoff: () => 5000, maxDelayMs: 5000 };
  await expect(retryOnOcc(work, options)).rejects.toMatchObject({ stoppedBy: "deadline", attempts: 1 });
  expect(attempts).toEqual([1]);
});

test("retries the first schema conflict at once, and later ones with backoff", async () => {
  const delays: number[] = [];
  const { work } = failingWith(conflict("OC001"), conflict("OC001"), conflict());
  await retryOnOcc(work, {
    backoff: ({ attempt }) => attempt,
    onRetry: (event) => delays.push(event.delayMs),
  });
  expect(delays).toEqual([0, 2, 3]);
});

test("reports to onRetry which attempt failed, with which error, and how long it waits", async () => {
  const events: RetryEvent[] = [];
  const first = conflict();
  const { work } = failingWith(first);
  await retryOnOcc(work, { maxAttempts: 3, backoff: () => 1, onRetry: (event) => events.push(event) });
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    attempt: 1,
    maxAttempts: 3,
    reason: "conflict",
    occType: "data",
    reconnects: 0,
    delayMs: 1,
    error: first,
  });
});

describe("a hook or logger that fails changes nothing", () => {
  const fail = () => {
    throw new Error("broken hook");
  };
  test.each<[string, RetryOptions]>([
    ["an onRetry that throws", { onRetry: fail }],
    ["an onRetry that rejects", { onRetry: async () => fail() }],
    ["a logger that throws", { logger: { debug: fail } }],
  ])("%s", async (_, options) => {
    const { work } = failingWith(conflict());
    await expect(retryOnOcc(work, { ...quick, ...options })).resolves.toBe("done");
  });
});

describe("an abort", () => {
  test("before the first attempt prevents it", async () => {
    const { work, attempts } = failingWith();
    const reason = new Error("no longer wanted");
    await expect(retryOnOcc(work, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(attempts).toEqual([]);
  });

  test("ends the wait", async () => {
    const controller = new AbortController();
    const { work, attempts } = failingWith(conflict());
    const options: RetryOptions = {
      signal: controller.signal,
      backoff: () => 60_000,
      maxDelayMs: 60_000,
      onRetry: () => queueMicrotask(() => controller.abort()),
    };
    await expect(retryOnOcc(work, options)).rejects.toMatchObject({ name: "AbortError" });
    expect(attempts).toEqual([1]);
  });

  test("that comes too late does not undo a success", async () => {
    const controller = new AbortController();
    const work = async () => {
      controller.abort();
      return "committed";
    };
    await expect(retryOnOcc(work, { signal: controller.signal })).resolves.toBe("committed");
  });
});

describe("an invalid option is refused by name before anything runs", () => {
  test.each<[string, Record<string, unknown>]>([
    ["maxAttempts", { maxAttempts: 0 }],
    ["maxAttempts", { maxAttempts: 1.5 }],
    ["maxAttempts", { maxAttempts: Number.NaN }],
    ["maxAttempts", { maxAttempts: "3" }],
    ["baseDelayMs", { baseDelayMs: -1 }],
    ["maxDelayMs", { baseDelayMs: 100, maxDelayMs: 10 }],
    ["maxDelayMs", { maxDelayMs: Number.POSITIVE_INFINITY }],
    ["maxDelayMs", { maxDelayMs: 2 ** 31 }],
    ["maxDelayMs", { maxDelayMs: "100" }],
    ["jitterFactor", { jitterFactor: 1.1 }],
    ["jitterFactor", { jitterFactor: "0.5" }],
    ["deadlineMs", { deadlineMs: 2 ** 31 }],
    ["logger", { logger: 7 }],
    ["deadlineMs", { deadlineMs: 0 }],
    ["signal", { signal: {} }],
    ["backoff", { backoff: "full" }],
    ["onRetry", { onRetry: true }],
    ["conflictKey", { conflictKey: 7 }],
  ])("%s: %o", async (name, options) => {
    const { work, attempts } = failingWith();
    const failure = await retryOnOcc(work, options as RetryOptions).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DsqlConfigError);
    expect((failure as Error).message).toMatch(new RegExp(`^${name} must be `));
    expect(attempts).toEqual([]);
  });

  test.each([
    ["maxAttemps", 'Did you mean "maxAttempts"?'],
    ["maxRetrys", 'Did you mean "maxRetries"?'],
    ["isolationLevel", "omit it"],
  ])("%s, which does not exist", async (name, advice) => {
    const { work, attempts } = failingWith();
    const failed = retryOnOcc(work, { [name]: 3 });
    await expect(failed).rejects.toThrow(DsqlConfigError);
    await expect(failed).rejects.toThrow(advice);
    expect(attempts).toEqual([]);
  });

  test("an undefined option has its default", async () => {
    const { work } = failingWith(conflict());
    await expect(retryOnOcc(work, { maxAttempts: undefined, backoff: () => 0 })).resolves.toBe("done");
  });
});
