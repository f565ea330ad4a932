import type { RetryOptions } from "../options/retry-options.ts";
import { failureOf } from "../retry/classify-error.ts";
import { retryOnOcc } from "../retry/retry-on-occ.ts";
import { transactionCommands } from "./transaction-command.ts";

/** A statement that was sent outside a transaction, and has failed. */
export interface FailedAutocommit<T> {
  /** What was given to `query`. */
  query: unknown;
  error: unknown;
  /** Sends the statement again. */
  send: () => Promise<T>;
  /** Undefined where such statements are not to be retried. */
  retry: RetryOptions | undefined;
}

/**
 * Retries a statement that was sent outside a transaction and met a conflict: DSQL has rolled it back in full. The attempt
 * that failed counts as the first of `maxAttempts`.
 * @throws the error that is given, unchanged, where it is no conflict or the statement may not be retried
 * @throws OccRetryExhaustedError when attempts or time end in a conflict
 */
export async function retryAutocommit<T>({ query, error, send, retry }: FailedAutocommit<T>): Promise<T> {
  if (retry === undefined || (failureOf(error) === "conflict" && !isUndoneByConflict(query))) throw error;
  // The first attempt has been made. retryOnOcc rethrows its error unless it is a conflict.
  return await retryOnOcc((attempt) => (attempt === 1 ? Promise.reject(error) : send()), retry);
}

/**
 * Whether a conflict has undone all that a text did. One statement is undone, and so are several, unless there is a COMMIT or
 * another transaction command among them: it may have committed some. A cursor or another statement object (which has
 * `submit`) is not retried either, because its rows may have been read already.
 */
function isUndoneByConflict(query: unknown): boolean {
  if (typeof (query as { submit?: unknown }).submit === "function") return false;
  return transactionCommands(sqlOf(query)) === undefined;
}

function sqlOf(query: unknown): string {
  return String(typeof query === "string" ? query : (query as { text?: unknown }).text);
}
