export {
  additiveBackoff,
  type Backoff,
  type BackoffInput,
  fullJitterBackoff,
} from "./concurrency/backoff.ts";
export { classifyError, type Failure, failureOf, isOccError } from "./concurrency/classify-error.ts";
export { retryOnOcc } from "./concurrency/retry-on-occ.ts";
export type {
  RetryEvent,
  RetryOptions,
  RetryReason,
  TransactionOptions,
} from "./concurrency/retry-options.ts";
export { type Remember, retryTransaction } from "./concurrency/retry-transaction.ts";
export {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  DsqlConfigError,
  DsqlError,
  type DsqlErrorCode,
  DsqlTokenError,
  NestedTransactionError,
  OccRetryExhaustedError,
  type OccRetryStop,
  type OccType,
  type PoolState,
  PoolTimeoutError,
  TransactionRolledBackError,
} from "./errors.ts";
export type { DsqlLogger } from "./telemetry/logger.ts";
