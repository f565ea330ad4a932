export type { AwsCredentialProvider, AwsCredentials } from "./auth/aws-credentials.ts";
export { DsqlClient } from "./client/dsql-client.ts";
export { onlyReads } from "./client/explain-failure.ts";
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
export {
  additiveBackoff,
  type Backoff,
  type BackoffInput,
  fullJitterBackoff,
} from "./options/backoff.ts";
export { type ClusterEndpoint, parseClusterEndpoint } from "./options/cluster-endpoint.ts";
export type { DsqlConnectionOptions, DsqlPoolOptions } from "./options/connection-options.ts";
export { parseConnectionString } from "./options/connection-string.ts";
export type { LegacyRetryOptions } from "./options/legacy-retry-options.ts";
export type { RetryOptions, TransactionOptions } from "./options/retry-options.ts";
export { mergeRetryOptions } from "./options/retry-settings.ts";
export { DsqlPool, type DsqlPoolClient } from "./pool/dsql-pool.ts";
export type { DsqlPoolStats } from "./pool/pool-stats.ts";
export { classifyError, type Failure, failureOf, isOccError } from "./retry/classify-error.ts";
export { retryOnOcc } from "./retry/retry-on-occ.ts";
export { type Remember, retryTransaction } from "./retry/retry-transaction.ts";
export {
  type ConnectionLease,
  runTransaction,
  type TransactionClient,
  type TransactionRun,
} from "./retry/run-transaction.ts";
export type { DsqlLogger } from "./telemetry/logger.ts";
export type { RetryEvent, RetryReason } from "./telemetry/retry-event.ts";
export type { DsqlTelemetry } from "./telemetry/telemetry.ts";
