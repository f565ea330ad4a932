import type { RetryOptions } from "../options/retry-options.ts";
import { resolveRetryOptions } from "../options/retry-settings.ts";
import { failureOf } from "./classify-error.ts";
import { type NextStep, retryLoop } from "./retry-loop.ts";

/**
 * Runs work, and retries it each time it meets a conflict of DSQL. The work must be a whole transaction, or a statement
 * outside one: a part of a transaction cannot be retried.
 * @throws DsqlConfigError for an option that cannot be used, before anything runs
 * @throws OccRetryExhaustedError when the attempts or the time run out and the last failure is a conflict; every other error
 * of the work is rethrown unchanged
 */
export async function retryOnOcc<T>(
  work: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const nextStepAfter = (error: unknown): NextStep<T> => {
    const failure = failureOf(error);
    return failure === "conflict" || failure === "server-unavailable" ? { again: failure } : { fail: error };
  };
  return await retryLoop({ run: work, nextStepAfter }, resolveRetryOptions(options));
}
