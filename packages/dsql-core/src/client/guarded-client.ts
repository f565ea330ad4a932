import { CommitOutcomeUnknownError, TransactionScopeError } from "../errors.ts";
import { clusterName } from "../options/cluster-endpoint.ts";
import { GuardedStatement } from "./commit-guard.ts";
import { connectionLost, explainFailure, isReadTimeout } from "./explain-failure.ts";
import { internalsOf } from "./pg-internals.ts";
import { Client, Query } from "./pg-module.ts";
import { refuseStatement } from "./scoped-client.ts";
import { SessionState } from "./session-state.ts";
import { guardStatementObject, type StatementObject } from "./statement-object.ts";
import { statementText } from "./statement-text.ts";
import { type TextCommands, transactionCommands } from "./transaction-command.ts";
import { TransactionWrites } from "./transaction-writes.ts";

type Callback = (error: Error | null, result?: unknown) => void;
type QueryObject = {
  text?: unknown;
  values?: unknown;
  name?: unknown;
  callback?: unknown;
  submit?: unknown;
  query_timeout?: unknown;
};

/** What a {@link GuardedClient} has in addition to a pg client. */
export interface Guarded {
  /** What is known about the connection's transaction. */
  session: SessionState;
  /** Milliseconds to wait for the response to COMMIT, BEGIN or ROLLBACK; 0 means no limit. */
  commitTimeoutMillis: number;
  /** Called for every statement whose outcome is undetermined. */
  onCommitUnknown: ((error: Error) => void) | undefined;
  /** While true, every statement that is not sent by {@link sendReserved} is refused. */
  reserved: boolean;
  sendReserved<T>(send: () => T): T;
  /** Which rows the connection's transaction has written. */
  writes: TransactionWrites;
  /**
   * Whether a statement that may take long is running or waiting to be sent. Statements of a transaction that
   * has failed do not count: the server rejects them at once.
   */
  readonly isBusy: boolean;
}

const BESIDE_TRANSACTION =
  "The statement was not sent: transactionWithRetry is running on this client, and it would become part of that transaction. Send it through the client that the work received, or on another connection.";

class GuardedPgClient extends Client implements Guarded {
  session = new SessionState();
  commitTimeoutMillis = 0;
  onCommitUnknown: ((error: Error) => void) | undefined;
  writes = new TransactionWrites(clusterName(this));
  reserved = false;
  #isSendingReserved = false;

  get isBusy(): boolean {
    const { status, lostBy, awaitingReady, spoiledBy } = this.session;
    if (internalsOf(this).readyForQuery === true || lostBy !== undefined) return false;
    return !(awaitingReady || status === "E" || spoiledBy !== undefined);
  }

  sendReserved<T>(send: () => T): T {
    this.#isSendingReserved = true;
    try {
      return send();
    } finally {
      this.#isSendingReserved = false;
    }
  }

  // The export below gives it pg's own type, whose overloads an override could not repeat without `any`.
  override query(config: unknown, values?: unknown, callback?: unknown): never {
    if (this.reserved && !this.#isSendingReserved)
      return refuseStatement(new TransactionScopeError(BESIDE_TRANSACTION), [
        config,
        values,
        callback,
      ]) as never;
    const query = config as string | QueryObject;
    const isObject = typeof query === "object" && query !== null;
    if (isObject) this.writes.note(query.text, query.values ?? values);
    else this.writes.note(query, values);
    if (isObject && typeof query.submit === "function")
      return this.#queryObject(query as StatementObject, values, callback) as never;
    if (typeof values === "function") [callback, values] = [values, undefined];
    if (isObject) callback ??= query.callback;
    if (typeof callback === "function") return this.#run(query, values, callback as Callback) as never;
    if (callback !== undefined && callback !== null) throw new TypeError("callback is not a function");
    return new Promise((resolve, reject) => {
      this.#run(query, values, (error, result) => (error ? reject(error) : resolve(result)));
    }).catch(rethrowFromCaller) as never;
  }

  #run(query: string | QueryObject, values: unknown, callback: Callback): void {
    const { session } = this;
    const text = statementText(this, query);
    const commands = text === undefined ? undefined : transactionCommands(text);
    if (internalsOf(this)._ending) {
      // pg rejects it itself.
      this.#send(query, values, callback);
    } else if (commands !== undefined) {
      this.#submit(pgQuery(query, values, callback), commands);
    } else if (session.lostBy !== undefined) {
      process.nextTick(callback, connectionLost(session.lostBy));
    } else {
      let hasFailed = false;
      this.#send(query, values, (error, result) => {
        // After a value that cannot be serialized, pg calls the callback twice, the second time without an error.
        if (hasFailed) return;
        if (!error) return callback(null, result);
        hasFailed = true;
        if (isReadTimeout(error)) session.unanswered = true;
        const failure = explainFailure(error, { text, commands, wasSent: true }, session);
        if (failure instanceof CommitOutcomeUnknownError) this.onCommitUnknown?.(failure);
        callback(failure);
      });
    }
  }

  #queryObject(query: StatementObject, values: unknown, callback: unknown): StatementObject {
    if (internalsOf(this)._ending) {
      super.query(query as never, values as never, callback as never);
      return query;
    }
    query.callback ||= typeof values === "function" ? values : callback;
    const text = statementText(this, query);
    this.#submit(query, text === undefined ? undefined : transactionCommands(text));
    return query;
  }

  #submit(query: StatementObject, commands: TextCommands): void {
    const { session, commitTimeoutMillis, onCommitUnknown } = this;
    const abandon = (reason: Error) => {
      session.lostBy ??= reason;
      this.connection.stream.destroy();
    };
    const context = { session, commitTimeoutMillis, onCommitUnknown, abandon };
    const statement = new GuardedStatement(context, { text: statementText(this, query), commands }, (error) =>
      query.handleError(error, this.connection),
    );
    if (guardStatementObject(query, statement, this)) super.query(query as never);
  }

  #send(query: string | QueryObject, values: unknown, callback: Callback): void {
    if (typeof query !== "object" || query === null) super.query(query, values as [], callback as never);
    else if (isTextAndValues(query))
      super.query(query.text, (values || query.values) as [], callback as never);
    else super.query(withCallback(query, callback) as never, values as []);
  }
}

/** The statement object that pg would create from SQL or a config object, so that its handlers can be guarded. */
function pgQuery(query: string | QueryObject, values: unknown, callback: Callback): StatementObject {
  if (typeof query === "string") return new Query(query, values as [], callback as never) as never;
  const made = new Query(withCallback(query, callback) as never, values as []) as unknown as StatementObject;
  made.query_timeout = query.query_timeout;
  return made;
}

/**
 * Whether a config object has only text and values. These are passed to pg by themselves, which is faster: pg copies an
 * object property by property.
 */
function isTextAndValues(query: QueryObject): query is { text: string; values?: unknown } {
  if (typeof query.text !== "string" || Object.getPrototypeOf(query) !== Object.prototype) return false;
  for (const name in query) {
    const isKnown = name === "text" || name === "values";
    if (!isKnown && query[name as keyof QueryObject] !== undefined) return false;
  }
  return true;
}

/** A writable object with the caller's properties: older versions of pg write to it. */
function withCallback(query: QueryObject, callback: Callback): QueryObject {
  // Defined rather than assigned: `callback` of the caller's object may be read-only.
  return Object.create(query, { callback: { value: callback, writable: true } }) as QueryObject;
}

/** Rethrows an error with the stack of the caller that awaits it instead of the socket's, as pg does. */
export function rethrowFromCaller(error: unknown): never {
  if (error instanceof Error) Error.captureStackTrace(error);
  throw error;
}

/**
 * The last conflict that a client of this package met, as the server reported it. A driver that replaces errors with its own
 * sets it as their `cause`, so that retries know which conflict it was and over which rows.
 */
export function lastConflictOf(client: unknown): Error | undefined {
  return (client as Partial<Guarded> | null | undefined)?.writes?.lastConflict;
}

/**
 * A pg client whose `query` guards every statement of every ORM: it refuses a transaction inside a transaction, turns a
 * COMMIT that stored nothing, or whose outcome is undetermined, into an error, and does not send a ROLLBACK that has
 * nothing left to roll back. The rules are in `commit-guard.ts`.
 */
export const GuardedClient = GuardedPgClient as unknown as new (
  ...args: ConstructorParameters<typeof Client>
) => Client & Guarded;
