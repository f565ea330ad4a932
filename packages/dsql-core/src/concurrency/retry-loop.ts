import { OccRetryExhaustedError, type OccRetryStop, type OccType } from "../errors.ts";
import { announceRetry } from "./announce-retry.ts";
import { classifyError } from "./classify-error.ts";
import type { RetryReason } from "./retry-options.ts";
import type { RetrySettings } from "./retry-settings.ts";
import { wait } from "./wait.ts";

/** What a failed attempt leads to: another attempt, or nothing more. */
export type NextStep<T> = { again: RetryReason } | { result: T } | { fail: unknown };

/** Judges what an attempt failed with. */
export type Judge<T> = (error: unknown) => NextStep<T> | Promise<NextStep<T>>;

/** Runs work until it succeeds, fails for good, or its attempts, its time or its caller's patience end. */
export async function retryLoop<T>(
  work: (attempt: number) => Promise<T>,
  settings: RetrySettings,
  judge: Judge<T>,
): Promise<T> {
  const { signal, maxAttempts, deadlineMs } = settings;
  const startedAt = performance.now();
  const met = { conflicts: 0, schemaConflicts: 0, reconnects: 0 };
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    let error: unknown;
    try {
      return await work(attempt);
    } catch (thrown) {
      error = thrown;
    }
    const next = await judge(error);
    if ("result" in next) return next.result;
    if ("fail" in next) throw next.fail;
    const occType = next.again === "conflict" ? classifyError(error) : undefined;
    const delayMs = delayBefore(next.again, occType, met, settings);
    const elapsedMs = performance.now() - startedAt;
    if (attempt >= maxAttempts)
      throw exhausted(error, occType, { attempts: attempt, elapsedMs, stoppedBy: "attempts" });
    if (elapsedMs + delayMs >= deadlineMs) {
      throw exhausted(error, occType, { attempts: attempt, elapsedMs, stoppedBy: "deadline" });
    }
    announceRetry(settings, {
      attempt,
      reason: next.again,
      occType,
      reconnects: met.reconnects,
      delayMs,
      elapsedMs,
      error,
    });
    if (delayMs > 0) await wait(delayMs, signal);
  }
}

/** Counts what was met, and says how long to wait for it. */
function delayBefore(
  reason: RetryReason,
  occType: OccType | undefined,
  met: { conflicts: number; schemaConflicts: number; reconnects: number },
  settings: RetrySettings,
): number {
  const attempt = reason === "conflict" ? ++met.conflicts : ++met.reconnects;
  // The failed attempt made the session read the new schema, so nothing is left to wait for.
  if (occType === "schema" && ++met.schemaConflicts === 1) return 0;
  const { backoff, baseDelayMs, maxDelayMs, jitterFactor } = settings;
  const delayMs = backoff({ attempt, baseDelayMs, maxDelayMs, jitterFactor, random: Math.random });
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : maxDelayMs;
}

/** A conflict gets the error that counts attempts; a lost connection says by itself what happened. */
function exhausted(
  error: unknown,
  occType: OccType | undefined,
  details: { attempts: number; elapsedMs: number; stoppedBy: OccRetryStop },
): unknown {
  return occType === undefined ? error : new OccRetryExhaustedError({ ...details, occType, cause: error });
}
