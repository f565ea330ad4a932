import type { OccType } from "../errors.ts";

/** Why an attempt is retried. */
export type RetryReason = "conflict" | "connection-lost" | "server-unavailable" | "commit-not-stored";

/** What `onRetry` and telemetry receive before each further attempt. */
export interface RetryEvent {
  /** The attempt that has just failed, 1 for the first. */
  attempt: number;
  /** How often the work may run, including the first time. */
  maxAttempts: number;
  /** `commit-not-stored` is a COMMIT of undetermined outcome that `verifyCommit` reported as not committed. */
  reason: RetryReason;
  /** Which conflict it was; undefined for the other reasons. */
  occType?: OccType | undefined;
  /** How many attempts so far failed because their connection was lost. */
  reconnects: number;
  /** Milliseconds until the next attempt, not including the wait for a slot of the retry lane. */
  delayMs: number;
  /** Milliseconds since the first attempt began. */
  elapsedMs: number;
  /** The error of the attempt. */
  error: unknown;
}
