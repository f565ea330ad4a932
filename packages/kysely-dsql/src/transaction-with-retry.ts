import {
  failureOf,
  mergeRetryOptions,
  NestedTransactionError,
  type RetryOptions,
  retryTransaction,
  type TransactionOptions,
} from "dsql-core";
import type { Kysely, Transaction } from "kysely";
import { DsqlAdapter } from "./dsql-adapter.ts";
import type { ReadOnlyTransaction } from "./read-only-transaction.ts";

/** Options of a transaction that may write. */
export type WriteTransactionOptions = TransactionOptions & { readOnly?: false };

/** Options of a transaction that is, or may be, read-only. */
export type ReadOnlyTransactionOptions = TransactionOptions & { readOnly: boolean };

/**
 * Runs a transaction, and retries all of it after a conflict or a connection lost before COMMIT. The work may run several
 * times: don't send email or charge cards inside it. Options that are not set come from the pool's `retry` option.
 * @throws NestedTransactionError when `db` is a transaction already, which is unaffected
 * @throws OccRetryExhaustedError when it still conflicts and attempts or time have run out
 * @throws CommitOutcomeUnknownError when COMMIT got no response; without `verifyCommit` it is not retried
 */
export function transactionWithRetry<DB, T>(
  db: Kysely<DB>,
  work: (transaction: Transaction<DB>) => Promise<T>,
  options?: WriteTransactionOptions,
): Promise<T>;
export function transactionWithRetry<DB, T>(
  db: Kysely<DB>,
  work: (transaction: ReadOnlyTransaction<DB>) => Promise<T>,
  options: ReadOnlyTransactionOptions,
): Promise<T>;
export async function transactionWithRetry<DB, T>(
  db: Kysely<DB>,
  work: (transaction: never) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  if (db.isTransaction) {
    throw new NestedTransactionError(
      "transactionWithRetry was called on a transaction. Aurora DSQL cannot nest transactions: use the one that you have, or call it on the Kysely instance.",
    );
  }
  const attempt = options.readOnly ? db.transaction().setAccessMode("read only") : db.transaction();
  const giveUpWithoutConnection = refuseRepetition();
  try {
    return await retryTransaction(
      (_, remember, begun) =>
        attempt
          .execute(async (transaction) => {
            begun();
            return remember(await work(transaction as never));
          })
          .catch(giveUpWithoutConnection),
      mergeRetryOptions(await retryDefaultsOf(db), options),
    );
  } catch (error) {
    throw error instanceof Unrepeatable ? error.error : error;
  }
}

/** Wraps an error so that `retryTransaction` does not retry it. */
class Unrepeatable {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/**
 * Stops retrying when an attempt rejects with the same error object as the one before, because then nothing was attempted: inside
 * `db.connection()` all attempts share one connection, which stays lost, and an aborted signal has one reason for all queries.
 */
function refuseRepetition(): (error: unknown) => never {
  let last: unknown;
  return (error) => {
    if (error === last && failureOf(error) !== "conflict") throw new Unrepeatable(error);
    last = error;
    throw error;
  };
}

async function retryDefaultsOf<DB>(db: Kysely<DB>): Promise<RetryOptions | undefined> {
  const { adapter } = db.getExecutor();
  if (!(adapter instanceof DsqlAdapter)) return undefined;
  // The caller's function opens the pool when a connection is first needed; if it fails, the transaction reports that error.
  if (adapter.retryDefaults === undefined) {
    await db
      .connection()
      .execute(async () => {})
      .catch(() => {});
  }
  return adapter.retryDefaults;
}
