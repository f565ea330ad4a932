import type { QueryResult } from "pg";
import { CommitOutcomeUnknownError, NestedTransactionError, TransactionRolledBackError } from "../errors.ts";
import { connectionLost, endsTransaction, explainFailure, isReadTimeout } from "./explain-failure.ts";
import { listOf, type SessionState } from "./session-state.ts";
import type { TextCommands } from "./transaction-command.ts";

/** A response that this package makes itself, without the server. */
export type LocalResponse = { error: Error } | { result: QueryResult };

/** What a guarded statement needs to know about its connection. */
export interface StatementContext {
  session: SessionState;
  /** Milliseconds; 0 means no limit. */
  commitTimeoutMillis: number;
  onCommitUnknown: ((error: Error) => void) | undefined;
  /** Closes the connection at once. */
  abandon: (reason: Error) => void;
}

/**
 * The rules of the commit guard for one statement, in the order in which they apply. `guarded-client.ts` creates it;
 * `statement-object.ts` calls these methods from the handlers of pg's statement object:
 *
 * 1. {@link respondLocally}: must it be refused, or is there nothing left for the server to do?
 * 2. {@link queued}: from now on it counts in the session's state (`session-state.ts`).
 * 3. {@link sent}: a COMMIT, BEGIN or ROLLBACK now has a time limit.
 * 4. {@link receivedTag}: ROLLBACK in response to COMMIT is an error.
 * 5. {@link fail}: what an error means for the caller (`explain-failure.ts`); without an error, {@link ended}.
 */
export class GuardedStatement {
  readonly #context: StatementContext;
  readonly #commands: TextCommands;
  readonly #text: string | undefined;
  readonly #onTimeout: (error: Error) => void;
  /** pg queues a statement until the responses to the earlier ones have ended. */
  #wasSent = false;
  #settled: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rollbacks = 0;
  #hasFailed = false;

  /** `onTimeout` is called when the statement has no response within its time limit. */
  constructor(
    context: StatementContext,
    statement: { text: string | undefined; commands: TextCommands },
    onTimeout: (error: Error) => void,
  ) {
    this.#context = context;
    this.#text = statement.text;
    this.#commands = statement.commands;
    this.#onTimeout = onTimeout;
  }

  get isCommit(): boolean {
    return listOf(this.#commands).includes("commit");
  }

  /** The response to a statement that must not, or need not, be sent; undefined for all others. */
  respondLocally(): LocalResponse | undefined {
    const { session, abandon } = this.#context;
    const isRollback = this.#commands === "rollback";
    if (session.lostBy !== undefined)
      return isRollback ? { result: rolledBack() } : { error: connectionLost(session.lostBy) };
    if (isRollback && session.unanswered) {
      // It would wait behind a statement that has timed out. Closing the connection also rolls back.
      abandon(new Error("a statement got no response in time"));
      return { result: rolledBack() };
    }
    if (isRollback && session.commitFailed) return { result: rolledBack() };
    const { refused } = session.foresee(this.#commands);
    return refused === undefined ? undefined : { error: nestedTransactionError(refused) };
  }

  /** Called when pg has queued the statement. */
  queued(): void {
    const { session } = this.#context;
    if (this.#commands !== undefined) this.#settled = session.sent(session.foresee(this.#commands).open);
    // ROLLBACK then waits only for the rest of an error response, not for a statement that may run for a long time.
    if (this.#commands === "rollback" && session.awaitingReady) this.#limitTime();
  }

  /** Called when pg sends the statement. */
  sent(): void {
    this.#wasSent = true;
    if (this.isCommit || typeof this.#commands === "string") this.#limitTime();
  }

  #limitTime(): void {
    const { commitTimeoutMillis, abandon } = this.#context;
    clearTimeout(this.#timer);
    if (commitTimeoutMillis === 0) return;
    this.#timer = setTimeout(() => {
      const command = this.isCommit ? "COMMIT" : String(this.#commands).toUpperCase();
      const reason = new Error(`The server did not respond to ${command} within ${commitTimeoutMillis} ms.`);
      abandon(reason);
      this.#onTimeout(reason);
    }, commitTimeoutMillis);
  }

  /** Called with the command tag of each result; returns the error that the tag stands for, if any. */
  receivedTag(tag: string | undefined): Error | undefined {
    if (!this.isCommit || tag !== "ROLLBACK") return undefined;
    // The server responds to COMMIT with the command tag ROLLBACK if an earlier statement of the transaction failed.
    const requested = listOf(this.#commands).filter((command) => command === "rollback").length;
    if (++this.#rollbacks <= requested) return undefined;
    const { session } = this.#context;
    this.#endTransaction();
    session.awaitingReady = true;
    return new TransactionRolledBackError(
      "The server responded to COMMIT with ROLLBACK: a statement of the transaction had failed and the work caught its error. Nothing was stored. Rethrow the error inside the work.",
      { cause: session.spoiledBy },
    );
  }

  /** Called when the response to the statement has ended. */
  ended(): void {
    clearTimeout(this.#timer);
    this.#settled?.();
    this.#settled = undefined;
  }

  /**
   * What the statement's first error means: an error for the caller, or none if the statement's purpose is achieved anyway.
   * Returns undefined for a later error: after a time-out, pg also reports the end of the connection.
   */
  fail(error: Error): { failure: Error | undefined } | undefined {
    this.ended();
    if (this.#hasFailed) return undefined;
    this.#hasFailed = true;
    return { failure: this.#explain(error) };
  }

  #explain(error: Error): Error | undefined {
    const { session, onCommitUnknown } = this.#context;
    if (isReadTimeout(error)) session.unanswered = true;
    const statement = { text: this.#text, commands: this.#commands, wasSent: this.#wasSent };
    const failure = explainFailure(error, statement, session);
    if (failure instanceof CommitOutcomeUnknownError) onCommitUnknown?.(failure);
    if (this.#wasSent && endsTransaction(failure)) this.#endTransaction();
    // A lost connection has rolled the transaction back, which is all that ROLLBACK was sent for.
    return this.#commands === "rollback" && session.lostBy !== undefined ? undefined : failure;
  }

  /**
   * The transaction is over whatever the response to COMMIT or ROLLBACK was; the status byte that says so may arrive a
   * moment later.
   */
  #endTransaction(): void {
    const { session } = this.#context;
    // If the text has several statements, others may follow the command, or it was never reached.
    if (this.#commands !== "commit" && this.#commands !== "rollback") return;
    session.commitFailed = this.#commands === "commit";
    session.status = "I";
  }
}

/** The result that pg returns for a successful ROLLBACK. */
export function rolledBack(): QueryResult {
  return { command: "ROLLBACK", rowCount: null, oid: null as unknown as number, rows: [], fields: [] };
}

function nestedTransactionError(refused: "nested" | "savepoint"): NestedTransactionError {
  return new NestedTransactionError(
    refused === "nested"
      ? "The statement was not sent: a transaction is already open on this connection, and it is unaffected. Use another connection for a second transaction."
      : "The statement was not sent: DSQL has no savepoints. The open transaction is unaffected.",
  );
}
