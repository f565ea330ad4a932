import type { OccType } from "../errors.ts";
import type { DsqlLogger } from "../telemetry/logger.ts";
import type { Backoff } from "./backoff.ts";

/** Why an attempt is followed by another. */
export type RetryReason = "conflict" | "connection-lost" | "commit-not-stored";

/** What `onRetry` is told before each further attempt. */
export interface RetryEvent {
  /** The attempt that has just failed, 1 for the first. */
  attempt: number;
  /** `commit-not-stored` is a COMMIT of unknown outcome that `verifyCommit` has found undone. */
  reason: RetryReason;
  /** Which conflict it was; undefined for the other reasons. */
  occType?: OccType;
  /** How many attempts so far were lost with their connection. */
  reconnects: number;
  /** Milliseconds until the next attempt, a wait for a place in the retry lane not included. */
  delayMs: number;
  /** Milliseconds since the first attempt began. */
  elapsedMs: number;
  /** What the attempt failed with. */
  error: unknown;
}

/** How often, and how soon, work that met a conflict is run again. */
export interface RetryOptions {
  /** How often the work may run, the first time included. @default 50 */
  maxAttempts?: number;
  /** Milliseconds: the longest wait before the first retry that has to wait; it doubles from retry to retry. @default 10 */
  baseDelayMs?: number;
  /** Milliseconds at which the doubling stops. @default 2000 */
  maxDelayMs?: number;
  /** A share from 0 to 1 of the delay that {@link additiveBackoff} adds at most. @default 0.25 */
  jitterFactor?: number;
  /**
   * Computes a wait before every retry. @default no wait while taking turns is enough (docs/contention.md), and
   * {@link fullJitterBackoff} where it is not: after a lost connection, a second schema change, or a conflict met in turn
   */
  backoff?: Backoff;
  /** Ends the wait, or stops the next attempt; work that is running goes on, and a commit stays a commit. */
  signal?: AbortSignal;
  /** Told before each retry; what it throws is not heard. */
  onRetry?: (event: RetryEvent) => void;
  /** Gets a line for each retry. */
  logger?: DsqlLogger;
  /** Milliseconds for all attempts and waits; no attempt begins after it. @default 240_000 (DSQL ends a transaction after 300_000) */
  deadlineMs?: number;
  /**
   * Names what the work fights over, such as the key of a hot row: work of the same key takes turns, from the first
   * attempt on while others already do. @default retries of code that is written the same take turns
   */
  conflictKey?: string;
}

/** {@link RetryOptions}, and what only a whole transaction can have. */
export interface TransactionOptions extends RetryOptions {
  /** Begins with `BEGIN READ ONLY`. @default false */
  readOnly?: boolean;
  /**
   * Looks whether a COMMIT whose answer never came was stored, by an idempotency key for instance: true returns the
   * work's result, false runs it again. Without it such a COMMIT rejects with `CommitOutcomeUnknownError`.
   * A COMMIT may still land after the look, so let the key be a primary key or unique: a second run is then refused (23505).
   */
  verifyCommit?: () => Promise<boolean>;
}
