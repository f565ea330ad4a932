import type { OccType } from "../errors.ts";

/** Why an attempt is retried. */
export type RetryReason = "conflict" | "connection-lost" | "server-unavailable" | "commit-not-stored";

/** What `onRetry` and telemetry receive before each further attempt. */
export interface RetryEvent {
  /** The attempt that has just failed, 1 for the first. */
  attempt: number;
  /** How often the work may run, the first time included. */
  maxAttempts: number;
  /** `commit-not-stored` is a COMMIT of undetermined outcome that `verifyCommit` found not to be committed. */
  reason: RetryReason;
  /** Which conflict it was; undefined for the other reasons. */
  occType?: OccType | undefined;
  /** How many attempts so far were lost because their connection was. */
  reconnects: number;
  /** Milliseconds until the next attempt, not including the wait for a slot of the retry lane. */
  delayMs: number;
  /** Milliseconds since the first attempt began. */
  elapsedMs: number;
  /** What the attempt failed with. */
  error: unknown;
}
