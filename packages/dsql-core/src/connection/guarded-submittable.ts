import type { Connection } from "pg";
import type { GuardedStatement } from "./guarded-statement.ts";

/** A statement object that pg submits as it is: pg's own Query, a cursor, a query stream. */
export interface Submittable {
  text?: unknown;
  cursor?: { text?: unknown };
  callback?: unknown;
  submit(connection: Connection): unknown;
  handleError(error: Error, connection: Connection): void;
  handleCommandComplete?(message: { text?: string }, connection: Connection): void;
  handleReadyForQuery?(connection: Connection): void;
}

/** The SQL of a statement object; a query stream keeps it in its cursor. */
export function textOf(query: Submittable): string | undefined {
  const text = query.text ?? query.cursor?.text;
  return typeof text === "string" ? text : undefined;
}

/**
 * Puts a guard around a statement object's handlers. Returns false where it must not be sent: then it hears its answer
 * by itself.
 */
export function guardSubmittable(
  query: Submittable,
  guard: GuardedStatement,
  connection: Connection,
): boolean {
  const handleError = query.handleError.bind(query);
  const handleCommandComplete = query.handleCommandComplete?.bind(query);
  const handleReadyForQuery = query.handleReadyForQuery?.bind(query);
  const local = guard.localAnswer();
  if (local !== undefined) {
    process.nextTick(() => {
      if ("error" in local) return handleError(local.error, connection);
      handleCommandComplete?.({ text: local.result.command }, connection);
      handleReadyForQuery?.(connection);
    });
    return false;
  }
  query.handleError = (error, on) => {
    const failure = guard.settle(error);
    if (failure !== undefined) return handleError(failure, on);
    handleCommandComplete?.({ text: "ROLLBACK" }, on);
    handleReadyForQuery?.(on);
  };
  query.handleCommandComplete = (message, on) => {
    const failure = guard.isCommit ? guard.settle(null, { command: message.text }) : undefined;
    if (failure === undefined) return handleCommandComplete?.(message, on);
    query.handleReadyForQuery = () => {};
    handleError(failure, on);
  };
  query.handleReadyForQuery = (on) => {
    guard.settle(null, undefined);
    handleReadyForQuery?.(on);
  };
  guard.sent((error) => query.handleError(error, connection));
  return true;
}
