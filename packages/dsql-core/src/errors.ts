/** The `code` of a {@link DsqlError}. */
export type DsqlErrorCode =
  | "DSQL_CONFIG"
  | "DSQL_TOKEN"
  | "DSQL_CONNECTION_LOST"
  | "DSQL_POOL_TIMEOUT"
  | "DSQL_POOL_ENDED"
  | "DSQL_TRANSACTION_ROLLED_BACK"
  | "DSQL_COMMIT_OUTCOME_UNKNOWN"
  | "DSQL_NESTED_TRANSACTION"
  | "DSQL_TRANSACTION_ENDED"
  | "DSQL_TRANSACTION_SCOPE"
  | "DSQL_CLIENT_RELEASED"
  | "DSQL_OCC_RETRY_EXHAUSTED"
  | "DSQL_JOB_FAILED";

/** OCC is optimistic concurrency control. Which conflict DSQL reported: `data` is OC000, `schema` is OC001, `unknown` is SQLSTATE 40001 that names neither. */
export type OccType = "data" | "schema" | "unknown";

/** Marks the errors of every copy of this package: of another version, or of its CommonJS build beside its ES modules. */
const BRAND = Symbol.for("dsql-core.error");
/** This package's own classes with the code of their errors, `any` for the base. A user's subclass is not included. */
const codeOfClass = new Map<unknown, DsqlErrorCode | "any">();

/**
 * The base of every error of this package: a stable `code`, a message that says what to do, and the original error as `cause`.
 * `instanceof` recognises the errors of another copy of this package too.
 */
export class DsqlError extends Error {
  override readonly name: string = "DsqlError";
  readonly code: DsqlErrorCode;

  constructor(code: DsqlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this method and asks for itself
    return isInstance(this, value);
  }
}

function isInstance(errorClass: unknown, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(errorClass, value)) return true;
  const code = codeOfClass.get(errorClass);
  if (code === undefined || !isBranded(value)) return false;
  return code === "any" || value.code === code;
}

function isBranded(value: unknown): value is DsqlError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** An option or a connection string that cannot be used; nothing was sent. */
export class DsqlConfigError extends DsqlError {
  override readonly name = "DsqlConfigError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_CONFIG", message, options);
  }
}

/** No token could be signed: the credentials are missing, have expired, or could not be fetched. */
export class DsqlTokenError extends DsqlError {
  override readonly name = "DsqlTokenError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_TOKEN", message, options);
  }
}

/** The connection was lost while it was in use, before COMMIT was sent: its transaction is rolled back. */
export class ConnectionLostError extends DsqlError {
  override readonly name = "ConnectionLostError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_CONNECTION_LOST", message, options);
  }
}

/** The state of the pool when a caller gave up waiting for a connection. */
export interface PoolState {
  /** Open connections, and those that are being opened. */
  total: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
  max: number;
  /** Milliseconds that the slowest token took to sign. */
  slowestTokenMs: number;
}

/** No connection was released or opened within `connectionTimeoutMillis`. */
export class PoolTimeoutError extends DsqlError {
  override readonly name = "PoolTimeoutError";
  readonly pool: PoolState;

  constructor(message: string, pool: PoolState, options?: ErrorOptions) {
    super("DSQL_POOL_TIMEOUT", message, options);
    this.pool = pool;
  }
}

/** A connection was requested after `pool.end()`, or the pool was ended while the caller waited for one. */
export class PoolEndedError extends DsqlError {
  override readonly name = "PoolEndedError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_POOL_ENDED", message, options);
  }
}

/** The transaction was rolled back although its work returned: an earlier statement had failed and the work caught its error, or a statement was still running. Nothing was stored. */
export class TransactionRolledBackError extends DsqlError {
  override readonly name = "TransactionRolledBackError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_TRANSACTION_ROLLED_BACK", message, options);
  }
}

/** The outcome is undetermined: COMMIT was sent and got no response, so the transaction was committed in full or not at all. It is never retried automatically. */
export class CommitOutcomeUnknownError extends DsqlError {
  override readonly name = "CommitOutcomeUnknownError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_COMMIT_OUTCOME_UNKNOWN", message, options);
  }
}

/** A transaction was begun inside another one on the same connection; nothing was sent, and the outer one is unaffected. */
export class NestedTransactionError extends DsqlError {
  override readonly name = "NestedTransactionError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_NESTED_TRANSACTION", message, options);
  }
}

/** The work of a transaction issued a statement after the transaction had ended or begun to end; it was not sent. */
export class TransactionEndedError extends DsqlError {
  override readonly name = "TransactionEndedError";

  constructor(options?: ErrorOptions) {
    super(
      "DSQL_TRANSACTION_ENDED",
      "The statement was not sent: its transaction has ended. Await every statement inside the transaction's work.",
      options,
    );
  }
}

/**
 * A statement was not sent because a running transaction does not allow it: COMMIT or ROLLBACK inside its work, or a
 * statement on its `DsqlClient` that was not sent through the client that the work received. The transaction is unaffected.
 */
export class TransactionScopeError extends DsqlError {
  override readonly name = "TransactionScopeError";

  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_TRANSACTION_SCOPE", message, options);
  }
}

/** A statement was issued on a pool's client after its `release()`; it was not sent. */
export class ClientReleasedError extends DsqlError {
  override readonly name = "ClientReleasedError";

  constructor(options?: ErrorOptions) {
    super(
      "DSQL_CLIENT_RELEASED",
      "The statement was not sent: this client was released to its pool. Call release() after the last statement, and connect() again for more.",
      options,
    );
  }
}

/** Why the retry loop stopped. */
export type OccRetryStop = "attempts" | "deadline";

/** Retrying stopped, by `maxAttempts` or `deadlineMs`, while the work still met conflicts; `cause` is the last one. */
export class OccRetryExhaustedError extends DsqlError {
  override readonly name = "OccRetryExhaustedError";
  /** How many attempts were made, including the first. */
  readonly attempts: number;
  readonly occType: OccType;
  readonly elapsedMs: number;
  readonly stoppedBy: OccRetryStop;

  constructor(details: {
    attempts: number;
    occType: OccType;
    elapsedMs: number;
    stoppedBy: OccRetryStop;
    cause: unknown;
  }) {
    const limit = details.stoppedBy === "attempts" ? "maxAttempts" : "deadlineMs";
    // Without an attempt: `deadlineMs` passed while it waited in the retry lane.
    const did = details.attempts === 0 ? "waited for its turn" : `met conflicts (${details.occType})`;
    super(
      "DSQL_OCC_RETRY_EXHAUSTED",
      `The transaction ${did} until ${limit} was reached: ${details.attempts} attempts in ${Math.round(details.elapsedMs)} ms. Raise maxAttempts or deadlineMs, or let fewer transactions write the same rows.`,
      { cause: details.cause },
    );
    this.attempts = details.attempts;
    this.occType = details.occType;
    this.elapsedMs = details.elapsedMs;
    this.stoppedBy = details.stoppedBy;
  }
}

/** An asynchronous job, such as an index build, failed; it may leave something unusable behind, such as an invalid index. */
export class AsyncJobFailedError extends DsqlError {
  override readonly name = "AsyncJobFailedError";
  readonly jobId: string;
  /** Its `details` in `sys.jobs`. */
  readonly details: string | undefined;

  constructor(job: { jobId: string; objectName?: string | undefined; details?: string | undefined }) {
    const what = job.objectName === undefined ? "" : ` (${job.objectName})`;
    super(
      "DSQL_JOB_FAILED",
      `Job ${job.jobId}${what} failed: ${job.details ?? "sys.jobs gives no details"}. Drop what it left behind, such as an invalid index, fix the cause, and start the job again.`,
    );
    this.jobId = job.jobId;
    this.details = job.details;
  }
}

for (const [errorClass, code] of [
  [DsqlError, "any"],
  [DsqlConfigError, "DSQL_CONFIG"],
  [DsqlTokenError, "DSQL_TOKEN"],
  [ConnectionLostError, "DSQL_CONNECTION_LOST"],
  [PoolTimeoutError, "DSQL_POOL_TIMEOUT"],
  [PoolEndedError, "DSQL_POOL_ENDED"],
  [TransactionRolledBackError, "DSQL_TRANSACTION_ROLLED_BACK"],
  [CommitOutcomeUnknownError, "DSQL_COMMIT_OUTCOME_UNKNOWN"],
  [NestedTransactionError, "DSQL_NESTED_TRANSACTION"],
  [TransactionEndedError, "DSQL_TRANSACTION_ENDED"],
  [TransactionScopeError, "DSQL_TRANSACTION_SCOPE"],
  [ClientReleasedError, "DSQL_CLIENT_RELEASED"],
  [OccRetryExhaustedError, "DSQL_OCC_RETRY_EXHAUSTED"],
  [AsyncJobFailedError, "DSQL_JOB_FAILED"],
] as const)
  codeOfClass.set(errorClass, code);
