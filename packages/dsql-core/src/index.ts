// The public interface: what users need, and the parts that the adapters for ORMs are built from. The README describes both.
export type { AwsCredentialProvider, AwsCredentials } from "./auth/aws-credentials.ts";
export { type FailedAutocommit, retryAutocommit } from "./client/autocommit-retry.ts";
export { DsqlClient } from "./client/dsql-client.ts";
export { onlyReads } from "./client/explain-failure.ts";
export { lastConflictOf } from "./client/guarded-client.ts";
export { type TransactionScope, transactionScope, WorkScope } from "./client/scoped-client.ts";
export {
  AsyncJobFailedError,
  ClientReleasedError,
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
  TransactionScopeError,
} from "./errors.ts";
export { type AsyncJob, type JobClient, waitForJob } from "./jobs/wait-for-job.ts";
export {
  additiveBackoff,
  type Backoff,
  type BackoffInput,
  fullJitterBackoff,
} from "./options/backoff.ts";
export { type ClusterEndpoint, parseClusterEndpoint } from "./options/cluster-endpoint.ts";
export type { DsqlConnectionOptions, DsqlPoolOptions } from "./options/connection-options.ts";
export { parseConnectionString } from "./options/connection-string.ts";
export { type LegacyRetryOptions, transactionOptionsOf } from "./options/legacy-retry-options.ts";
export type { RetryOptions, TransactionOptions } from "./options/retry-options.ts";
export { mergeRetryOptions } from "./options/retry-settings.ts";
export { DsqlPool, type DsqlPoolClient, isDsqlPool } from "./pool/dsql-pool.ts";
export { openPool, type PoolSource } from "./pool/open-pool.ts";
export type { DsqlPoolStats } from "./pool/pool-stats.ts";
export { classifyError, type Failure, failureOf, isOccError } from "./retry/classify-error.ts";
export { noteContestedRows } from "./retry/contested-rows.ts";
export { noteCommittedRows } from "./retry/retry-lane.ts";
export { retryOnOcc } from "./retry/retry-on-occ.ts";
export { type Remember, retryTransaction } from "./retry/retry-transaction.ts";
export {
  type ConnectionLease,
  leavesSessionKnown,
  runTransaction,
  type TransactionClient,
  TransactionCommands,
  type TransactionRun,
} from "./retry/run-transaction.ts";
export type { DsqlLogger } from "./telemetry/logger.ts";
export type { RetryEvent, RetryReason } from "./telemetry/retry-event.ts";
export type { DsqlTelemetry } from "./telemetry/telemetry.ts";
