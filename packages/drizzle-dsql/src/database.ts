import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { DsqlPool, TransactionOptions } from "dsql-core";
import type { NoSchema, SchemaOrRelations } from "./installed-types.ts";
import type { DsqlTransactionConfig } from "./transaction-config.ts";

/** The `tx` that a transaction's callback is given: drizzle-orm's own, with the schema or the relations of the database. */
export type DsqlTransaction<T extends SchemaOrRelations = NoSchema> = Parameters<
  Parameters<NodePgDatabase<T>["transaction"]>[0]
>[0];

/** How often, and how soon, `transactionWithRetry` runs again; `readOnly` is said by the transaction's `accessMode`. */
export type DsqlRetryOptions = Omit<TransactionOptions, "readOnly">;

/** A Drizzle database on Aurora DSQL: drizzle-orm's `NodePgDatabase`, with transactions that DSQL takes. */
export interface DsqlDatabase<T extends SchemaOrRelations = NoSchema> extends NodePgDatabase<T> {
  /** The pool that connections come from; `await db.$client.end()` closes it. */
  $client: DsqlPool;

  /**
   * Runs one transaction, once. What BEGIN and COMMIT are refused with comes as it is, not as a `DrizzleQueryError`.
   * @throws DsqlConfigError for an isolation level other than repeatable read, and for `deferrable`; nothing is sent
   * @throws TransactionRolledBackError when a statement's error was swallowed and COMMIT therefore stored nothing
   * @throws CommitOutcomeUnknownError when the answer to COMMIT never came
   */
  transaction<R>(work: (tx: DsqlTransaction<T>) => Promise<R>, config?: DsqlTransactionConfig): Promise<R>;

  /**
   * Runs one transaction, and runs it again on a new `tx` after a conflict or a connection lost before COMMIT. What
   * `options` leave out is taken from the pool's `retry`.
   * @throws OccRetryExhaustedError when attempts or time end in a conflict
   * @throws whatever {@link transaction} throws
   */
  transactionWithRetry<R>(
    work: (tx: DsqlTransaction<T>) => Promise<R>,
    config?: DsqlTransactionConfig,
    options?: DsqlRetryOptions,
  ): Promise<R>;
}
