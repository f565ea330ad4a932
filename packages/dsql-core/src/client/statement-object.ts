import type { Connection } from "pg";
import { type GuardedStatement, rolledBack } from "./commit-guard.ts";
import { isReadTimeout } from "./explain-failure.ts";
import type { SessionState } from "./session-state.ts";
import type { StatementWithText } from "./statement-text.ts";

/** A statement object, which pg submits unchanged: pg's own Query, a cursor, a query stream. */
export interface StatementObject extends StatementWithText {
  cursor?: (Closable & { text?: unknown }) | undefined;
  callback?: unknown;
  query_timeout?: unknown;
  /** In pg's Query, what a type parser threw; pg would report it instead of any later error. */
  _canceledDueToError?: unknown;
  submit(connection: Connection): unknown;
  handleError(error: Error, connection: Connection): void;
  handleCommandComplete?(message: { text?: string }, connection: Connection): void;
  handleReadyForQuery?(connection: Connection): void;
}

interface Closable {
  close?(done?: () => void): unknown;
}

/**
 * Wraps the handlers that pg calls on a statement object, so that they apply the commit guard (`commit-guard.ts`): it may
 * refuse the statement, limit its time, and replace its error. Returns false if the object must not be passed to pg; this
 * function then makes the response.
 */
export function guardStatementObject(
  query: StatementObject,
  guard: GuardedStatement,
  client: { readonly connection: Connection; readonly session: SessionState },
): boolean {
  const cursor: Closable = query.cursor ?? (query as Closable);
  const submit = query.submit.bind(query);
  const handleError = query.handleError.bind(query);
  const handleCommandComplete = query.handleCommandComplete?.bind(query);
  const handleReadyForQuery = query.handleReadyForQuery?.bind(query);
  const endAsRolledBack = () => {
    handleCommandComplete?.({ text: "ROLLBACK" }, client.connection);
    handleReadyForQuery?.(client.connection);
  };
  const local = guard.respondLocally();
  if (local !== undefined) {
    process.nextTick(() => {
      if ("error" in local) handleError(local.error, client.connection);
      else endAsRolledBack();
    });
    return false;
  }
  query.submit = (on) => {
    guard.sent();
    return submit(on);
  };
  query.handleError = (error) => {
    const outcome = guard.fail(error);
    if (outcome === undefined) return;
    const { failure } = outcome;
    if (failure === undefined) return endAsRolledBack();
    query._canceledDueToError = undefined;
    handleError(failure, client.connection);
  };
  query.handleCommandComplete = (message, on) => {
    const failure = guard.receivedTag(message.text);
    if (failure === undefined) return handleCommandComplete?.(message, on);
    query.handleReadyForQuery = () => {
      guard.ended();
      if (cursor.close === undefined) handleError(failure, on);
    };
    // A cursor still has to request the end of the response, and does so when it receives an error.
    if (cursor.close !== undefined) handleError(failure, on);
  };
  query.handleReadyForQuery = (on) => {
    guard.ended();
    handleReadyForQuery?.(on);
  };
  guardCallback(query, guard);
  guardClose(cursor, client.session);
  guard.queued();
  return true;
}

/** When `query_timeout` has passed, pg calls the callback directly, not `handleError`. */
function guardCallback(query: StatementObject, guard: GuardedStatement): void {
  const { callback } = query;
  if (typeof callback !== "function") return;
  query.callback = (error: Error | null, result: unknown) => {
    if (!isReadTimeout(error)) return callback(error, result);
    const outcome = guard.fail(error);
    if (outcome === undefined) return;
    const { failure } = outcome;
    callback(failure ?? null, failure === undefined ? rolledBack() : undefined);
  };
}

/** A cursor waits for the server to confirm that it is closed; a server that is gone, or has not responded in time, never does. */
function guardClose(cursor: Closable, session: SessionState): void {
  const close = cursor.close?.bind(cursor);
  if (close === undefined) return;
  cursor.close = (done) => {
    if (session.lostBy === undefined && !session.unanswered) return close(done);
    if (done === undefined) return Promise.resolve();
    process.nextTick(done);
  };
}
