import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { AsyncJob, DsqlPool, LegacyRetryOptions } from "dsql-core";
import type { NoSchema, SchemaOrRelations } from "./installed-types.ts";
import type { DsqlTransactionConfig, DsqlTransactionOptions } from "./transaction-config.ts";

/** The `tx` that a transaction's callback receives: drizzle-orm's own, with the schema or the relations of the database. */
export type DsqlTransaction<T extends SchemaOrRelations = NoSchema> = Parameters<
  Parameters<NodePgDatabase<T>["transaction"]>[0]
>[0];

/** The same options, without `undefined`. */
type Defined<Options> = { [Name in keyof Options]: Exclude<Options[Name], undefined> };

/** A Drizzle database on Aurora DSQL: drizzle-orm's `NodePgDatabase`, with transactions as DSQL supports them. */
export interface DsqlDatabase<T extends SchemaOrRelations = NoSchema> extends NodePgDatabase<T> {
  /** The pool that connections come from; `await db.$client.end()` closes it. */
  $client: DsqlPool;

  /**
   * Runs one transaction, once. An error of BEGIN or COMMIT is rethrown unchanged, not as a `DrizzleQueryError`.
   * @throws DsqlConfigError for an isolation level other than repeatable read, and for `deferrable`; nothing is sent
   * @throws TransactionRolledBackError when the work caught a statement's error, so that COMMIT rolled back
   * @throws CommitOutcomeUnknownError when COMMIT got no response: it was committed in full or not at all
   */
  // With exactOptionalPropertyTypes only the first form fits drizzle-orm's own, and only the second takes undefined.
  transaction<R>(
    work: (tx: DsqlTransaction<T>) => Promise<R>,
    config?: Defined<DsqlTransactionConfig>,
  ): Promise<R>;
  transaction<R>(
    work: (tx: DsqlTransaction<T>) => Promise<R>,
    config?: DsqlTransactionConfig | undefined,
  ): Promise<R>;

  /**
   * Runs one transaction, and retries it with a new `tx` after a conflict or a connection lost before COMMIT. Options that are
   * not set come from the pool's `retry`. The work may run several times: don't send email or charge cards inside it.
   * @throws OccRetryExhaustedError when it still conflicts and attempts or time have run out
   * @throws DsqlConfigError for an invalid option; nothing is sent
   * @throws whatever {@link transaction} throws
   */
  transactionWithRetry<R>(
    work: (tx: DsqlTransaction<T>) => Promise<R>,
    options?: DsqlTransactionOptions,
  ): Promise<R>;
  /** The same with retry options in the position and with the names of `@aws/aurora-dsql-drizzle`. */
  transactionWithRetry<R>(
    work: (tx: DsqlTransaction<T>) => Promise<R>,
    config: DsqlTransactionConfig | undefined,
    retry: LegacyRetryOptions | undefined,
  ): Promise<R>;

  /**
   * Waits until an asynchronous job has ended, such as the build of an index: pass the result of the `db.execute` that
   * started it, or the job's id.
   * @throws AsyncJobFailedError when the job failed; a failed index stays behind, invalid, and must be dropped
   * @throws DsqlConfigError for a value that is neither the id of a job nor a result that contains one
   */
  waitForJob(job: AsyncJob | readonly AsyncJob[]): Promise<void>;
}
