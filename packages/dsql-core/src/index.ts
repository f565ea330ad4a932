export type { AwsCredentialProvider, AwsCredentials } from "./auth/aws-credentials.ts";
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
export { mergeRetryOptions } from "./concurrency/retry-settings.ts";
export { type Remember, retryTransaction } from "./concurrency/retry-transaction.ts";
export {
  type ConnectionLease,
  runTransaction,
  type TransactionClient,
  type TransactionRun,
} from "./concurrency/run-transaction.ts";
export { type ClusterEndpoint, parseClusterEndpoint } from "./connection/cluster-endpoint.ts";
export type { DsqlConnectionOptions, DsqlPoolOptions } from "./connection/connection-options.ts";
export { parseConnectionString } from "./connection/connection-string.ts";
export { DsqlClient } from "./connection/dsql-client.ts";
export { DsqlPool, type DsqlPoolClient } from "./connection/dsql-pool.ts";
export type { LegacyRetryOptions } from "./connection/legacy-retry-options.ts";
export type { DsqlPoolStats } from "./connection/pool-stats.ts";
export {
  AsyncJobFailedError,
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
  PoolEndedError,
  type PoolState,
  PoolTimeoutError,
  TransactionEndedError,
  TransactionRolledBackError,
} from "./errors.ts";
export type { DsqlLogger } from "./telemetry/logger.ts";
export { openTelemetry } from "./telemetry/open-telemetry.ts";
export type { DsqlTelemetry } from "./telemetry/telemetry.ts";
