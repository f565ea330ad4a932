import * as kysely from "kysely";

const ABORTED_TRANSACTION = Symbol.for("kysely.AbortedTransactionError");

/** Errors of the core after which the session is as it was: it was answered by the server, or nothing was sent. */
const HARMLESS_CODES: readonly unknown[] = ["DSQL_TRANSACTION_ROLLED_BACK", "DSQL_NESTED_TRANSACTION"];

/**
 * Whether the session's state is known after BEGIN or COMMIT has failed: the server has answered with an ERROR, which
 * ends a transaction at COMMIT and begins none at BEGIN. A connection that was lost, or a timeout, leaves it open.
 */
export function leavesSessionKnown(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return HARMLESS_CODES.includes(code) || (typeof code === "string" && severity === "ERROR");
}

/**
 * Marks an error as Kysely 0.29 marks its AbortedTransactionError: the transaction then reports itself rolled back, no
 * ROLLBACK is asked for, and a controlled one gives its connection back. Returns false on Kysely 0.28, which does not
 * look at the mark.
 */
export function markRolledBack(error: unknown): boolean {
  if (!("AbortedTransactionError" in kysely)) return false;
  if (typeof error !== "object" || error === null || !Object.isExtensible(error)) return false;
  Object.defineProperty(error, ABORTED_TRANSACTION, { value: true, configurable: true });
  return true;
}
