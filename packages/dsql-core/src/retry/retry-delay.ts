import type { OccType } from "../errors.ts";
import { fullJitterBackoff } from "../options/backoff.ts";
import type { RetryReason } from "../options/retry-options.ts";
import type { RetrySettings } from "../options/retry-settings.ts";
import type { LaneTurn } from "./lane-turn.ts";

/** What the attempts of one piece of work have met so far. */
export interface Met {
  conflicts: number;
  schemaConflicts: number;
  reconnects: number;
}

/** Counts what an attempt met, and says how many milliseconds to wait before the next. */
export function delayAfter(
  failure: { reason: RetryReason; occType?: OccType },
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
