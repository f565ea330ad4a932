import type { QueryResult } from "pg";
import { CommitOutcomeUnknownError, NestedTransactionError, TransactionRolledBackError } from "../errors.ts";
import { connectionLost, endsTransaction, explainFailure, isReadTimeout } from "./explain-failure.ts";
import { listOf, type SessionState } from "./session-state.ts";
import type { TextCommands } from "./transaction-command.ts";

/** An answer that the server was not asked for. */
export type LocalAnswer = { error: Error } | { result: QueryResult };

/** Where a statement runs. */
export interface StatementContext {
  session: SessionState;
  /** Milliseconds; 0 is no limit. */
  commitTimeoutMillis: number;
  onCommitUnknown: ((error: Error) => void) | undefined;
  /** Closes the connection at once. */
  abandon: (reason: Error) => void;
}

/** One statement on its way: decides whether it may be sent, and what its answer means. */
export class GuardedStatement {
  readonly #context: StatementContext;
  readonly #commands: TextCommands;
  readonly #text: string | undefined;
  readonly #onTimeout: (error: Error) => void;
  /** Its bytes have left: pg keeps a statement back until those before it are answered. */
  #isOnTheWire = false;
  #answered: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rollbacks = 0;
  #hasFailed = false;

  /** `onTimeout` hears of a COMMIT that is not answered in time. */
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

  /** The answer to a statement that must not, or need not, be sent; undefined for every other. */
  localAnswer(): LocalAnswer | undefined {
    const { session, abandon } = this.#context;
    const isRollback = this.#commands === "rollback";
    if (session.lostBy !== undefined)
      return isRollback ? { result: rolledBack() } : { error: connectionLost(session.lostBy) };
    if (isRollback && session.unanswered) {
      // It would wait behind a statement that has already timed out; closing the connection undoes as much.
      abandon(new Error("a statement was not answered in time"));
      return { result: rolledBack() };
    }
    if (isRollback && session.commitFailed) return { result: rolledBack() };
    const { refused } = session.foresee(this.#commands);
    return refused === undefined ? undefined : { error: refusal(refused) };
  }

  /** Notes that it is handed to pg. */
  queued(): void {
    const { session } = this.#context;
    if (this.#commands !== undefined) this.#answered = session.sent(session.foresee(this.#commands).open);
    // It waits for the end of a response that has begun, and not for a statement that may take its time.
    if (this.#commands === "rollback" && session.awaitingReady) this.#limitTime();
  }

  /** Notes that it leaves for the server. */
  sent(): void {
    this.#isOnTheWire = true;
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

  /** Notes the command tag of one of its results; the error that it means, if any. */
  heardTag(tag: string | undefined): Error | undefined {
    if (!this.isCommit || tag !== "ROLLBACK") return undefined;
    // COMMIT is answered with the command tag ROLLBACK when a statement before it had failed.
    const asked = listOf(this.#commands).filter((command) => command === "rollback").length;
    if (++this.#rollbacks <= asked) return undefined;
    const { session } = this.#context;
    this.#endTransaction();
    session.awaitingReady = true;
    return new TransactionRolledBackError(
      "COMMIT was answered with ROLLBACK: a statement of the transaction had failed and its error was not handed on. Nothing was stored.",
      { cause: session.spoiledBy },
    );
  }

  /** Notes that its answer has ended. */
  ended(): void {
    clearTimeout(this.#timer);
    this.#answered?.();
    this.#answered = undefined;
  }

  /**
   * What its first error means: an error for the caller, or none where the statement has done what it was sent for. Undefined
   * for a further error: after a time limit pg reports the end of the connection as well.
   */
  fail(error: Error): { failure: Error | undefined } | undefined {
    this.ended();
    if (this.#hasFailed) return undefined;
    this.#hasFailed = true;
    return { failure: this.#judge(error) };
  }

  #judge(error: Error): Error | undefined {
    const { session, onCommitUnknown } = this.#context;
    if (isReadTimeout(error)) session.unanswered = true;
    const statement = { text: this.#text, commands: this.#commands, wasSent: this.#isOnTheWire };
    const failure = explainFailure(error, statement, session);
    if (failure instanceof CommitOutcomeUnknownError) onCommitUnknown?.(failure);
    if (this.#isOnTheWire && endsTransaction(failure)) this.#endTransaction();
    // A connection that is lost has undone the transaction, which is all that ROLLBACK was sent for.
    return this.#commands === "rollback" && session.lostBy !== undefined ? undefined : failure;
  }

  /** Over, whatever the answer to COMMIT or ROLLBACK was: the status byte that says so may come a moment later. */
  #endTransaction(): void {
    const { session } = this.#context;
    // Among several statements others may follow it, or it was never reached.
    if (this.#commands !== "commit" && this.#commands !== "rollback") return;
    session.commitFailed = this.#commands === "commit";
    session.status = "I";
  }
}

/** What pg makes of the answer to ROLLBACK. */
export function rolledBack(): QueryResult {
  return { command: "ROLLBACK", rowCount: null, oid: null as unknown as number, rows: [], fields: [] };
}

function refusal(refused: "nested" | "savepoint"): NestedTransactionError {
  return new NestedTransactionError(
    refused === "nested"
      ? "A transaction was begun inside another one on the same connection. The outer one goes on untouched; take another connection for a second transaction."
      : "DSQL has no savepoints, so there is no transaction inside another one. The outer one goes on untouched.",
  );
}
