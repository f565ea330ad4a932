import type { DsqlLogger } from "../telemetry/logger.ts";
import type { RetryEvent } from "../telemetry/retry-event.ts";
import type { DsqlTelemetry } from "../telemetry/telemetry.ts";
import type { Backoff } from "./backoff.ts";

/** How often, and how soon, work that met a conflict is retried. */
export interface RetryOptions {
  /** How often the work may run, including the first time. @default 50 */
  maxAttempts?: number | undefined;
  /** The same limit in the form of AWS's connectors: how often the work may run after the first time. */
  maxRetries?: number | undefined;
  /** Milliseconds: the longest wait before the first retry that has to wait; it doubles from retry to retry. @default 10 */
  baseDelayMs?: number | undefined;
  /** Milliseconds at which the doubling stops. @default 2000 */
  maxDelayMs?: number | undefined;
  /** The fraction of the delay, from 0 to 1, that {@link additiveBackoff} adds at most. @default 0.25 */
  jitterFactor?: number | undefined;
  /**
   * Computes the wait before every retry. @default no wait while taking turns is enough (docs/contention.md), and
   * {@link fullJitterBackoff} where it is not: after a lost connection, a second schema change, or a conflict met in turn
   */
  backoff?: Backoff | undefined;
  /** Ends the wait, or prevents the next attempt; running work continues, and a commit is not undone. */
  signal?: AbortSignal | undefined;
  /** Called before each retry and not awaited; what it throws or rejects with is logged and has no other effect. */
  onRetry?: ((event: RetryEvent) => void) | undefined;
  /** Receives a line for each retry. */
  logger?: DsqlLogger | undefined;
  /** Its `retry` receives each retry. @default that of the pool or the client */
  telemetry?: DsqlTelemetry | undefined;
  /** Milliseconds for all attempts and waits; no attempt begins after it. @default 240_000 (DSQL ends a transaction after 300_000) */
  deadlineMs?: number | undefined;
  /**
   * Names what transactions compete for, such as the key of a hot row: work with the same key takes turns, from the first
   * attempt on while others already do. @default retries of work that lost over the same rows take turns
   */
  conflictKey?: string | undefined;
  /** The cluster that the work runs on: the same `conflictKey` on two clusters is two different keys. @default that of the pool or client */
  cluster?: string | undefined;
}

/** {@link RetryOptions}, and the options of a whole transaction. */
export interface TransactionOptions extends RetryOptions {
  /** Begins with `BEGIN READ ONLY`. @default false */
  readOnly?: boolean | undefined;
  /**
   * Checks, for instance by an idempotency key, whether a COMMIT that got no response was stored: true returns the work's
   * result, false retries it. It may take the rest of `deadlineMs`. Without it such a COMMIT rejects with `CommitOutcomeUnknownError`.
   * A COMMIT may still take effect after the check, so make the key a primary key or unique: a retry is then rejected (23505).
   */
  verifyCommit?: (() => Promise<boolean>) | undefined;
}
