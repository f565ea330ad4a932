import { OccRetryExhaustedError, type OccRetryStop, type OccType } from "../errors.ts";
import { fullJitterBackoff } from "../options/backoff.ts";
import type { RetrySettings } from "../options/retry-settings.ts";
import { callHook, log } from "../telemetry/hooks.ts";
import type { RetryEvent, RetryReason } from "../telemetry/retry-event.ts";
import { announce } from "../telemetry/telemetry.ts";
import { classifyError } from "./classify-error.ts";
import { LaneTurn } from "./lane-turn.ts";
import { wait } from "./wait.ts";

/** What a failed attempt leads to: another attempt, or nothing more. */
export type NextStep<T> = { again: RetryReason } | { result: T } | { fail: unknown };

/** What a piece of work is known by where no `conflictKey` says better what fights: its code, or its statement. */
export interface CallSite {
  toString(): string;
}

/** Work for the loop, and how to judge what an attempt failed with. */
export interface RetriedWork<T> {
  /** Calls `begun` when it has its connection, where it had to wait for one. */
  run: (attempt: number, begun: () => void) => Promise<T>;
  judge: (error: unknown) => NextStep<T> | Promise<NextStep<T>>;
  callSite: CallSite;
}

/** Runs work until it succeeds, fails for good, or its attempts, its time or its caller's patience end. */
export async function retryLoop<T>(work: RetriedWork<T>, settings: RetrySettings): Promise<T> {
  const { conflictKey } = settings;
  const turn = new LaneTurn(conflictKey === undefined ? `code:${work.callSite}` : `key:${conflictKey}`);
  try {
    if (conflictKey !== undefined) turn.joinIfBusy();
    return await attemptInTurn(work, settings, turn);
  } finally {
    turn.end();
  }
}

interface Failed {
  error: unknown;
  occType: OccType | undefined;
}

async function attemptInTurn<T>(work: RetriedWork<T>, settings: RetrySettings, turn: LaneTurn): Promise<T> {
  const { signal, maxAttempts, deadlineMs } = settings;
  const startedAt = performance.now();
  const elapsed = () => performance.now() - startedAt;
  const met: Met = { conflicts: 0, schemaConflicts: 0, reconnects: 0 };
  let last: Failed | undefined;
  const giveUp = (stoppedBy: OccRetryStop, attempts: number) =>
    exhausted({ stoppedBy, attempts, elapsedMs: elapsed() }, last);

  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    if (!(await turn.begin(deadlineMs - elapsed(), signal))) throw giveUp("deadline", attempt - 1);
    signal?.throwIfAborted();
    let error: unknown;
    try {
      const result = await work.run(attempt, () => turn.begun());
      turn.committed();
      return result;
    } catch (thrown) {
      error = thrown;
    }
    const next = await work.judge(error);
    if ("result" in next) return next.result;
    if ("fail" in next) throw next.fail;
    const occType = next.again === "conflict" ? classifyError(error) : undefined;
    last = { error, occType };
    const delayMs = delayAfter({ reason: next.again, occType }, met, settings, turn);
    if (attempt >= maxAttempts) throw giveUp("attempts", attempt);
    if (elapsed() + delayMs >= deadlineMs) throw giveUp("deadline", attempt);
    const { reconnects } = met;
    announceRetry(settings, {
      attempt,
      reason: next.again,
      occType,
      reconnects,
      delayMs,
      elapsedMs: elapsed(),
      error,
    });
    if (delayMs > 0) await wait(delayMs, signal);
  }
}

/** A conflict gets the error that counts attempts; a lost connection says by itself what happened. */
function exhausted(
  details: { stoppedBy: OccRetryStop; attempts: number; elapsedMs: number },
  last: Failed | undefined,
): unknown {
  if (last !== undefined && last.occType === undefined) return last.error;
  return new OccRetryExhaustedError({ ...details, occType: last?.occType ?? "unknown", cause: last?.error });
}

/** What the attempts of one piece of work have met so far. */
interface Met {
  conflicts: number;
  schemaConflicts: number;
  reconnects: number;
}

/** Counts what an attempt met, and says how many milliseconds to wait before the next. */
function delayAfter(
  failure: { reason: RetryReason; occType?: OccType | undefined },
  met: Met,
  settings: RetrySettings,
  turn: LaneTurn,
): number {
  if (failure.reason !== "conflict") return backoff(++met.reconnects, settings);
  met.conflicts++;
  if (failure.occType === "schema") {
    // The attempt that failed made the session read the new schema, so nothing is left to wait for.
    return ++met.schemaConflicts === 1 ? 0 : backoff(met.conflicts, settings);
  }
  const rivalIsElsewhere = turn.lost();
  return rivalIsElsewhere || settings.backoff !== undefined ? backoff(met.conflicts, settings) : 0;
}

function backoff(attempt: number, settings: RetrySettings): number {
  const { baseDelayMs, maxDelayMs, jitterFactor } = settings;
  const computeMs = settings.backoff ?? fullJitterBackoff;
  const delayMs = computeMs({ attempt, baseDelayMs, maxDelayMs, jitterFactor, random: Math.random });
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : maxDelayMs;
}

function announceRetry(settings: RetrySettings, event: RetryEvent): void {
  const { logger, onRetry } = settings;
  announce(settings, "retry", event);
  if (onRetry !== undefined) callHook(() => onRetry(event), { name: "onRetry", given: onRetry, logger });
  const { error: _, ...details } = event;
  log(logger, "debug", "transaction is retried", details);
}
