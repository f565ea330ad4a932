import * as kysely from "kysely";

const ABORTED_TRANSACTION = Symbol.for("kysely.AbortedTransactionError");

/**
 * Marks an error as Kysely 0.29 marks its AbortedTransactionError: Kysely then treats the transaction as rolled back,
 * sends no ROLLBACK, and a controlled one releases its connection. Returns false on Kysely 0.28, which ignores
 * the mark.
 */
export function markRolledBack(error: unknown): boolean {
  if (!("AbortedTransactionError" in kysely)) return false;
  if (!Object.isExtensible(error)) return false;
  Object.defineProperty(error as object, ABORTED_TRANSACTION, { value: true, configurable: true });
  return true;
}
