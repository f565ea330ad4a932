import type { QueryResult } from "pg";
import { CommitOutcomeUnknownError, NestedTransactionError, TransactionRolledBackError } from "../errors.ts";
import { connectionLost, explainFailure, READ_TIMEOUT } from "./explain-failure.ts";
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
  abandon: () => void;
}

/** One statement on its way: decides whether it may be sent, and what its answer means. */
export class GuardedStatement {
  readonly #context: StatementContext;
  readonly #commands: TextCommands;
  readonly #text: string | undefined;
  #inTransaction = false;
  #answered: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: StatementContext, text: string | undefined, commands: TextCommands) {
    this.#context = context;
    this.#text = text;
    this.#commands = commands;
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
      abandon();
      return { result: rolledBack() };
    }
    if (isRollback && session.commitFailed) return { result: rolledBack() };
    const { refused } = session.foresee(this.#commands);
    return refused === undefined ? undefined : { error: refusal(refused) };
  }

  /** Notes that it is sent. `onTimeout` hears of a COMMIT that is not answered in time. */
  sent(onTimeout: (error: Error) => void): void {
    const { session, commitTimeoutMillis, abandon } = this.#context;
    this.#inTransaction = session.open;
    if (this.#commands !== undefined) this.#answered = session.sent(session.foresee(this.#commands).open);
    if (!this.isCommit || commitTimeoutMillis === 0) return;
    this.#timer = setTimeout(() => {
      onTimeout(new Error(`COMMIT was not answered within ${commitTimeoutMillis} ms`));
      abandon();
    }, commitTimeoutMillis);
  }

  /** What its answer means: an error for the caller, or undefined where it has done what it was sent for. */
  settle(error: Error | null | undefined, result?: unknown): Error | undefined {
    const { session } = this.#context;
    clearTimeout(this.#timer);
    this.#answered?.();
    this.#answered = undefined;
    const failure = error ? this.#explain(error) : this.#unnoticedRollback(result);
    if (failure !== undefined && this.isCommit) session.commitFailed = true;
    if (failure instanceof CommitOutcomeUnknownError) this.#context.onCommitUnknown?.(failure);
    // Over, whatever the answer: the status byte that says so may come a moment after the error.
    if (failure !== undefined && (this.isCommit || this.#commands === "rollback")) session.status = "I";
    // A connection that is lost has undone the transaction, which is all that ROLLBACK was sent for.
    return this.#commands === "rollback" && session.lostBy !== undefined ? undefined : failure;
  }

  #explain(error: Error): Error {
    const { session } = this.#context;
    if (error.message === READ_TIMEOUT) session.unanswered = true;
    const inTransaction = this.#inTransaction || session.open;
    return explainFailure(error, { text: this.#text, commands: this.#commands, inTransaction }, session);
  }

  /** COMMIT is answered with the command tag ROLLBACK when a statement before it had failed. */
  #unnoticedRollback(result: unknown): Error | undefined {
    if (!this.isCommit) return undefined;
    const results = (Array.isArray(result) ? result : [result]) as ({ command?: string } | undefined)[];
    const rolledBack = results.filter((one) => one?.command === "ROLLBACK").length;
    const asked = listOf(this.#commands).filter((command) => command === "rollback").length;
    if (rolledBack <= asked) return undefined;
    return new TransactionRolledBackError(
      "COMMIT was answered with ROLLBACK: a statement of the transaction had failed and its error was not handed on. Nothing was stored.",
      { cause: this.#context.session.spoiledBy },
    );
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
