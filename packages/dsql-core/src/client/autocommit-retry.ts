import type { RetryOptions } from "../options/retry-options.ts";
import { failureOf } from "../retry/classify-error.ts";
import { retryOnOcc } from "../retry/retry-on-occ.ts";
import { transactionCommands } from "./transaction-command.ts";

/** A statement that was sent outside a transaction and failed. */
export interface FailedAutocommit<T> {
  /** The first argument of `query`. */
  query: unknown;
  error: unknown;
  /** Sends the statement again. */
  send: () => Promise<T>;
  /** Undefined if such statements must not be retried. */
  retry: RetryOptions | undefined;
}

/**
 * Retries a statement that was sent outside a transaction and met a conflict: DSQL has rolled it back in full. The attempt
 * that failed counts as the first of `maxAttempts`.
 * @throws the given error, unchanged, if it is not a conflict or the statement must not be retried
 * @throws OccRetryExhaustedError when the attempts or the time run out and the last failure is a conflict
 */
export async function retryAutocommit<T>({ query, error, send, retry }: FailedAutocommit<T>): Promise<T> {
  if (retry === undefined || (failureOf(error) === "conflict" && !isUndoneByConflict(query))) throw error;
  // The first attempt has been made. retryOnOcc rethrows its error unless it is a conflict.
  return await retryOnOcc((attempt) => (attempt === 1 ? Promise.reject(error) : send()), retry);
}

/**
 * Whether a conflict rolled back everything that the query did. It rolls back one statement, and several too, unless COMMIT
 * or another transaction command is among them: some of them may be committed. It is also false for a cursor or another
 * statement object (one with `submit`), because its rows may have been read already.
 */
function isUndoneByConflict(query: unknown): boolean {
  if (typeof (query as { submit?: unknown }).submit === "function") return false;
  return transactionCommands(sqlOf(query)) === undefined;
}

function sqlOf(query: unknown): string {
  return String(typeof query === "string" ? query : (query as { text?: unknown }).text);
}
