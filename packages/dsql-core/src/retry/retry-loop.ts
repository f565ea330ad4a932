import { OccRetryExhaustedError, type OccRetryStop, type OccType } from "../errors.ts";
import { fullJitterBackoff } from "../options/backoff.ts";
import type { RetrySettings } from "../options/retry-settings.ts";
import { callHook, log } from "../telemetry/hooks.ts";
import type { RetryEvent, RetryReason } from "../telemetry/retry-event.ts";
import { announce } from "../telemetry/telemetry.ts";
import { classifyError } from "./classify-error.ts";
import { Turns } from "./retry-lane.ts";
import { wait } from "./wait.ts";

/** What follows a failed attempt: another attempt, a result, or an error. */
export type NextStep<T> = { again: RetryReason } | { result: T } | { fail: unknown };

/** Work for the loop, and what to do when an attempt fails. */
export interface RetriedWork<T> {
  /** Runs one attempt; calls `begun` when it has its connection, if it had to wait for one. */
  run: (attempt: number, begun: () => void) => Promise<T>;
  nextStepAfter: (error: unknown) => NextStep<T> | Promise<NextStep<T>>;
}

/**
 * Runs work until it succeeds, fails with an error that is not retried, reaches `maxAttempts` or `deadlineMs`, or is aborted:
 *
 * 1. `Turns` (`retry-lane.ts`) runs one attempt, in turn with other work that lost over the same rows.
 * 2. `nextStepAfter` decides what follows an error (`retry-on-occ.ts` and `retry-transaction.ts`, both by
 * `classify-error.ts`).
 * 3. `delayBefore` returns how long to wait, `announceRetry` calls the hooks, `wait` waits.
 */
export async function retryLoop<T>(work: RetriedWork<T>, settings: RetrySettings): Promise<T> {
  const turns = new Turns(settings);
  try {
    return await attemptInTurn(work, settings, turns);
  } finally {
    turns.end();
  }
}

interface Failed {
  error: unknown;
  occType: OccType | undefined;
}

async function attemptInTurn<T>(work: RetriedWork<T>, settings: RetrySettings, turns: Turns): Promise<T> {
  const { signal, maxAttempts, deadlineMs } = settings;
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  let failures: Failures = { conflicts: 0, schemaConflicts: 0, reconnects: 0, unavailable: 0 };
  let last: Failed | undefined;
  const giveUp = (stoppedBy: OccRetryStop, attempts: number) =>
    exhausted({ stoppedBy, attempts, elapsedMs: elapsed() }, last);

  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const turn = await turns.take((begun) => work.run(attempt, begun), {
      patienceMs: deadlineMs - elapsed(),
      signal,
    });
    if ("result" in turn) return turn.result;
    if ("timedOut" in turn) throw giveUp("deadline", attempt - 1);
    const { error, retryAtOnce } = turn;
    const next = await work.nextStepAfter(error);
    if ("result" in next) return next.result;
    if ("fail" in next) throw next.fail;
    const occType = classifyError(error);
    last = { error, occType };
    failures = counted(failures, next.again, occType);
    const delayMs = delayBefore(failures, { occType, retryAtOnce }, settings);
    if (attempt >= maxAttempts) throw giveUp("attempts", attempt);
    if (elapsed() + delayMs >= deadlineMs) throw giveUp("deadline", attempt);
    announceRetry(settings, {
      attempt,
      maxAttempts,
      reason: next.again,
      occType,
      reconnects: failures.reconnects,
      delayMs,
      elapsedMs: elapsed(),
      error,
    });
    if (delayMs > 0) await wait(delayMs, signal);
  }
}

/** How often the attempts of one piece of work have failed so far, by reason. */
interface Failures {
  conflicts: number;
  schemaConflicts: number;
  reconnects: number;
  unavailable: number;
}

function counted(failures: Failures, reason: RetryReason, occType: OccType | undefined): Failures {
  const { conflicts, schemaConflicts, reconnects, unavailable } = failures;
  if (reason === "server-unavailable") return { ...failures, unavailable: unavailable + 1 };
  if (reason !== "conflict") return { ...failures, reconnects: reconnects + 1 };
  return {
    conflicts: conflicts + 1,
    schemaConflicts: schemaConflicts + (occType === "schema" ? 1 : 0),
    reconnects,
    unavailable,
  };
}

/** Milliseconds to wait before the attempt that follows these failures. */
function delayBefore(
  { conflicts, schemaConflicts, reconnects, unavailable }: Failures,
  last: { occType: OccType | undefined; retryAtOnce: boolean },
  settings: RetrySettings,
): number {
  if (last.occType === undefined) return backoff(reconnects + unavailable, settings);
  // The attempt that failed made the session read the new schema, so there is nothing to wait for.
  if (last.occType === "schema") return schemaConflicts === 1 ? 0 : backoff(conflicts, settings);
  return last.retryAtOnce && settings.backoff === undefined ? 0 : backoff(conflicts, settings);
}

function backoff(attempt: number, settings: RetrySettings): number {
  const { baseDelayMs, maxDelayMs, jitterFactor } = settings;
  const computeMs = settings.backoff ?? fullJitterBackoff;
  const delayMs = computeMs({ attempt, baseDelayMs, maxDelayMs, jitterFactor, random: Math.random });
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : maxDelayMs;
}

/** A conflict becomes an OccRetryExhaustedError, which has the number of attempts; any other error is rethrown unchanged. */
function exhausted(
  details: { stoppedBy: OccRetryStop; attempts: number; elapsedMs: number },
  last: Failed | undefined,
): unknown {
  if (last !== undefined && last.occType === undefined) return last.error;
  return new OccRetryExhaustedError({ ...details, occType: last?.occType ?? "unknown", cause: last?.error });
}

function announceRetry(settings: RetrySettings, event: RetryEvent): void {
  const { logger, onRetry } = settings;
  announce(settings, "retry", event);
  if (onRetry !== undefined) callHook(() => onRetry(event), { name: "onRetry", given: onRetry, logger });
  const { error: _, ...details } = event;
  log(logger, "debug", "transaction is retried", details);
}
