import { CommitOutcomeUnknownError } from "../errors.ts";
import type { TransactionOptions } from "../options/retry-options.ts";
import { resolveRetryOptions } from "../options/retry-settings.ts";
import { retryableFailureOf } from "./classify-error.ts";
import { onAbort } from "./on-abort.ts";
import { type NextStep, retryLoop } from "./retry-loop.ts";
import { isUnreachable } from "./unreachable.ts";

/**
 * Stores the transaction's result right before COMMIT, in case `verifyCommit` finds that it was committed; returns the
 * result.
 */
export type Remember<T> = (result: T) => T;

/**
 * Runs a whole transaction, BEGIN and COMMIT included, and retries it after a conflict or after a connection lost before
 * COMMIT. A COMMIT of undetermined outcome is not retried unless `verifyCommit` finds that it was not stored; if it was,
 * the result that the attempt passed to `remember` is returned. Work that waits for a connection calls `begun` when it has
 * one; `begun` throws if `signal` has aborted meanwhile.
 * @throws DsqlConfigError for an option that cannot be used, before anything runs
 * @throws OccRetryExhaustedError when the attempts or the time run out and the last failure is a conflict
 * @throws CommitOutcomeUnknownError when the outcome of COMMIT stays undetermined
 */
export async function retryTransaction<T>(
  work: (attempt: number, remember: Remember<T>, begun: () => void) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const settings = resolveRetryOptions(options);
  let remembered: { result: T } | undefined;
  const remember: Remember<T> = (result) => {
    remembered = { result };
    return result;
  };
  const run = (attempt: number, begun: () => void) => {
    remembered = undefined;
    return work(attempt, remember, () => {
      // The signal may have aborted while the work waited for its connection.
      settings.signal?.throwIfAborted();
      begun();
    });
  };
  const endsAtMs = performance.now() + settings.deadlineMs;
  let hasLostConnection = false;
  const nextStepAfter = async (error: unknown): Promise<NextStep<T>> => {
    const failure = retryableFailureOf(error);
    hasLostConnection ||= failure === "connection-lost";
    // An endpoint that was reachable a moment ago may soon be again; one that never was is reported at once.
    if (hasLostConnection && isUnreachable(error)) return { again: "connection-lost" };
    if (failure === "other") return { fail: error };
    if (failure !== "commit-outcome-unknown") return { again: failure };
    const { verifyCommit, signal } = settings;
    if (verifyCommit === undefined) return { fail: error };
    const verified = await verify({ verifyCommit, error, signal, timeLeftMs: endsAtMs - performance.now() });
    if ("fail" in verified) return verified;
    if (!verified.stored) return { again: "commit-not-stored" };
    return remembered ?? { fail: error };
  };
  return await retryLoop({ run, nextStepAfter }, settings);
}

interface Verification {
  verifyCommit: () => Promise<boolean>;
  /** The error of the COMMIT. */
  error: unknown;
  signal: AbortSignal | undefined;
  timeLeftMs: number;
}

async function verify(verification: Verification): Promise<{ stored: boolean } | { fail: unknown }> {
  try {
    const stored: unknown = await settledInTime(verification);
    // Treating anything else as false, such as the undefined of a forgotten return, could run the work twice.
    if (typeof stored !== "boolean") throw new TypeError("verifyCommit returned neither true nor false");
    return { stored };
  } catch (failure) {
    const both = new AggregateError(
      [verification.error, failure],
      "COMMIT got no response, and verifyCommit failed",
    );
    return {
      fail: new CommitOutcomeUnknownError(
        "COMMIT got no response, and verifyCommit failed too, so the outcome is undetermined. Check whether the transaction was committed before you retry it.",
        { cause: both },
      ),
    };
  }
}

/** verifyCommit has the time left until the deadline; after that it is no longer awaited. */
async function settledInTime({ verifyCommit, signal, timeLeftMs }: Verification): Promise<unknown> {
  let cleanUp = () => {};
  const isOver = new Promise<never>((_, reject) => {
    const stopListening = onAbort(signal, reject);
    const late = new Error("verifyCommit did not settle before deadlineMs");
    const timer = setTimeout(() => reject(late), Math.max(0, timeLeftMs));
    cleanUp = () => {
      clearTimeout(timer);
      stopListening();
    };
  });
  try {
    return await Promise.race([isOver, Promise.resolve().then(verifyCommit)]);
  } finally {
    cleanUp();
  }
}
