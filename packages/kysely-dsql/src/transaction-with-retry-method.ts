import { Kysely, type Transaction } from "kysely";
import type { ReadOnlyTransaction } from "./read-only-transaction.ts";
import {
  type ReadOnlyTransactionOptions,
  transactionWithRetry,
  type WriteTransactionOptions,
} from "./transaction-with-retry.ts";

declare module "kysely" {
  interface Kysely<DB> {
    /**
     * Runs a transaction, and retries all of it after a conflict or a connection lost before COMMIT.
     * See `transactionWithRetry` of kysely-dsql.
     * @throws NestedTransactionError inside a transaction
     */
    transactionWithRetry<T>(
      work: (transaction: Transaction<DB>) => Promise<T>,
      options?: WriteTransactionOptions,
    ): Promise<T>;
    transactionWithRetry<T>(
      work: (transaction: ReadOnlyTransaction<DB>) => Promise<T>,
      options: ReadOnlyTransactionOptions,
    ): Promise<T>;

    /** Repeats Kysely's own: TypeScript drops members named by a symbol from a class that is augmented from outside. */
    [Symbol.asyncDispose](): Promise<void>;
  }

  interface Transaction<DB> {
    /** Not inside a transaction: DSQL cannot nest them. @throws NestedTransactionError */
    transactionWithRetry(): never;
  }
}

/** Adds the method to the prototype, so that instances made by withSchema, withPlugin and the like have it too. */
function addTransactionWithRetry(prototype: object): void {
  if (Object.hasOwn(prototype, "transactionWithRetry")) return;
  Object.defineProperty(prototype, "transactionWithRetry", {
    configurable: true,
    writable: true,
    value: function <DB, T>(
      this: Kysely<DB>,
      work: (transaction: Transaction<DB>) => Promise<T>,
      options?: WriteTransactionOptions,
    ): Promise<T> {
      return transactionWithRetry(this, work, options);
    },
  });
}

addTransactionWithRetry(Kysely.prototype);
