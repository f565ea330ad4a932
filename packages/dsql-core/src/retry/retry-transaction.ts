import { CommitOutcomeUnknownError } from "../errors.ts";
import type { TransactionOptions } from "../options/retry-options.ts";
import { resolveRetryOptions } from "../options/retry-settings.ts";
import { retryableFailureOf } from "./classify-error.ts";
import { type NextStep, retryLoop } from "./retry-loop.ts";
import { isUnreachable } from "./unreachable.ts";

/** Notes, right before COMMIT, what the transaction will return, and gives it back. */
export type Remember<T> = (result: T) => T;

/**
 * Runs a whole transaction, BEGIN and COMMIT included, and runs it again after a conflict or after a connection lost
 * before COMMIT. A COMMIT of unknown outcome is never run again unless `verifyCommit` has found it undone; where it finds
 * it stored, the result that the attempt gave to `remember` is returned. Work that waits for a connection calls `begun` when
 * it has one, so that what commits meanwhile is not taken for something that can commit beside it.
 * @throws DsqlConfigError for an option that cannot be used, before anything runs
 * @throws OccRetryExhaustedError when attempts or time end in a conflict
 * @throws CommitOutcomeUnknownError when nobody can say whether the transaction was stored
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
    return work(attempt, remember, begun);
  };
  let hasLostConnection = false;
  const judge = async (error: unknown): Promise<NextStep<T>> => {
    const failure = retryableFailureOf(error);
    hasLostConnection ||= failure === "connection-lost";
    // An endpoint that was there a moment ago may be back in another; one that never was is for the caller to hear of.
    if (hasLostConnection && isUnreachable(error)) return { again: "connection-lost" };
    if (failure === "conflict" || failure === "connection-lost") return { again: failure };
    if (failure === "other" || settings.verifyCommit === undefined) return { fail: error };
    const verified = await verify(settings.verifyCommit, error);
    if ("fail" in verified) return verified;
    if (!verified.stored) return { again: "commit-not-stored" };
    return remembered ?? { fail: error };
  };
  return await retryLoop({ run, judge }, settings);
}

async function verify(
  verifyCommit: () => Promise<boolean>,
  error: unknown,
): Promise<{ stored: boolean } | { fail: unknown }> {
  try {
    const stored: unknown = await verifyCommit();
    // Whatever is neither, such as the undefined of a forgotten return, would have the work done twice.
    if (typeof stored !== "boolean") throw new TypeError("verifyCommit returned neither true nor false");
    return { stored };
  } catch (failure) {
    const both = new AggregateError(
      [error, failure],
      "the COMMIT and the look whether it was stored both failed",
    );
    return {
      fail: new CommitOutcomeUnknownError(
        "The answer to COMMIT never came, and verifyCommit failed too: look whether the transaction was stored before you run it again.",
        { cause: both },
      ),
    };
  }
}
