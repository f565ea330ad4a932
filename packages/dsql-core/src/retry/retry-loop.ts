import { OccRetryExhaustedError, type OccRetryStop, type OccType } from "../errors.ts";
import type { RetryReason } from "../options/retry-options.ts";
import type { RetrySettings } from "../options/retry-settings.ts";
import { announceRetry } from "./announce-retry.ts";
import { classifyError } from "./classify-error.ts";
import { LaneTurn } from "./lane-turn.ts";
import { delayAfter, type Met } from "./retry-delay.ts";
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
