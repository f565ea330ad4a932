import type { DsqlLogger } from "../telemetry/logger.ts";
import type { RetryEvent } from "../telemetry/retry-event.ts";
import type { DsqlTelemetry } from "../telemetry/telemetry.ts";
import type { Backoff } from "./backoff.ts";

/** How often, and how soon, work that met a conflict is retried. */
export interface RetryOptions {
  /** How often the work may run, the first time included. @default 50 */
  maxAttempts?: number | undefined;
  /** The same limit as AWS's connectors have it: how often the work may run after the first time. */
  maxRetries?: number | undefined;
  /** Milliseconds: the longest wait before the first retry that has to wait; it doubles from retry to retry. @default 10 */
  baseDelayMs?: number | undefined;
  /** Milliseconds at which the doubling stops. @default 2000 */
  maxDelayMs?: number | undefined;
  /** A share from 0 to 1 of the delay that {@link additiveBackoff} adds at most. @default 0.25 */
  jitterFactor?: number | undefined;
  /**
   * Computes a wait before every retry. @default no wait while taking turns is enough (docs/contention.md), and
   * {@link fullJitterBackoff} where it is not: after a lost connection, a second schema change, or a conflict met in turn
   */
  backoff?: Backoff | undefined;
  /** Ends the wait, or prevents the next attempt; work that is running continues, and a commit stays a commit. */
  signal?: AbortSignal | undefined;
  /** Called before each retry and not awaited; what it throws or rejects with is logged and changes nothing. */
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
   * Checks whether a COMMIT that got no response was stored, by an idempotency key for instance: true returns the work's
   * result, false retries it. It has the rest of `deadlineMs`. Without it such a COMMIT rejects with `CommitOutcomeUnknownError`.
   * A COMMIT may still take effect after the check, so make the key a primary key or unique: a second run is then rejected (23505).
   */
  verifyCommit?: (() => Promise<boolean>) | undefined;
}
