import { CommitOutcomeUnknownError, ConnectionLostError } from "../errors.ts";
import { noteUnavailable } from "../retry/server-unavailable.ts";
import type { SessionState, TransactionStatus } from "./session-state.ts";
import { listOf } from "./session-state.ts";
import { splitStatements } from "./split-statements.ts";
import type { TextCommands } from "./transaction-command.ts";

/** A statement that failed, whether or not it had been sent. */
export interface FailedStatement {
  /** Its SQL; undefined if it is not known, as for a statement prepared elsewhere. */
  text: string | undefined;
  /**
   * The transaction commands in it, such as COMMIT; a list has one entry for each statement, undefined for other statements.
   */
  commands: TextCommands;
  /** Whether it was sent; a statement that was still queued has done nothing. */
  wasSent: boolean;
}

/** The beginning of a statement that only reads. */
const READ = /^(?:select|values|table|show)(?![\w$])/i;

/** Whether an error says that `query_timeout` has passed; pg gives this error no code, only this message. */
export function isReadTimeout(error: unknown): error is Error {
  return error instanceof Error && error.message === "Query read timeout";
}

/**
 * The error that the caller receives for a failure: the server's own error, except that it becomes a
 * `CommitOutcomeUnknownError` if the outcome of a COMMIT, or of a write outside a transaction (which commits by itself), is
 * undetermined, and a `ConnectionLostError` if the connection is lost. `server unavailable` is marked as safe to retry.
 */
export function explainFailure(error: Error, statement: FailedStatement, state: SessionState): Error {
  const isCommit = listOf(statement.commands).includes("commit");
  if (isCommit && statement.wasSent) return leavesOutcomeOpen(error) ? commitUnknown(error) : error;
  if (statement.wasSent && commitsByItself(statement, state.status)) {
    if (state.lostBy !== undefined || leavesWriteOpen(error)) return writeUnknown(error);
    return error;
  }
  if (state.lostBy !== undefined) return connectionLost(state.lostBy, error);
  if (saysUnavailable(error)) noteUnavailable(error);
  return error;
}

/**
 * Whether the SQL writes outside a transaction. pg sends it only when the previous response has ended, so it ran in this
 * `status`.
 */
function commitsByItself(
  { text, commands }: FailedStatement,
  status: TransactionStatus | undefined,
): boolean {
  if (status === undefined) return false;
  let isOpen = status !== "I";
  if (text === undefined) return !isOpen;
  const list = listOf(commands);
  return splitStatements(text).some((statement, index) => {
    const command = list[index];
    if (command === undefined) return !isOpen && !READ.test(statement);
    // SQL with a savepoint is never sent.
    isOpen = command === "begin";
    return false;
  });
}

/**
 * The error when the connection is lost, and the statement was not sent or is certainly rolled back. Its cause is the
 * server's own reason, if there is one.
 */
export function connectionLost(lostBy: Error, error: Error = lostBy): ConnectionLostError {
  return new ConnectionLostError(
    "The connection to the cluster was lost, so its open transaction is rolled back. Retry the whole transaction.",
    { cause: isServerError(lostBy) ? lostBy : error },
  );
}

function commitUnknown(cause: unknown): CommitOutcomeUnknownError {
  return new CommitOutcomeUnknownError(
    "COMMIT was sent and got no response, so its outcome is undetermined: the transaction was committed in full or not at all. Check before you retry it, or pass verifyCommit to transactionWithRetry.",
    { cause },
  );
}

function writeUnknown(cause: unknown): CommitOutcomeUnknownError {
  return new CommitOutcomeUnknownError(
    "A write outside a transaction got no response, so its outcome is undetermined: it was committed in full or not at all. Check before you retry it.",
    { cause },
  );
}

/**
 * Whether a failed COMMIT or ROLLBACK has ended its transaction: not if the server rejected the statement itself (syntax
 * error, or not supported).
 */
export function endsTransaction(failure: Error): boolean {
  return !(isServerError(failure) && /^(?:42|0A)/.test(failure.code));
}

/** Whether an error is a DatabaseError, of any copy of pg. */
export function isServerError(error: unknown): error is Error & { code: string; severity: string } {
  return (
    error instanceof Error && "severity" in error && typeof (error as { code?: unknown }).code === "string"
  );
}

/**
 * Whether an error leaves the outcome of COMMIT undetermined: every error does except an ERROR from the server, which says
 * that nothing was stored.
 */
function leavesOutcomeOpen(error: Error): boolean {
  return !isServerError(error) || error.severity !== "ERROR" || saysUnknown(error.code);
}

/** The same for a write outside a transaction; whether the connection was lost is known from the session's state. */
function leavesWriteOpen(error: Error): boolean {
  return isServerError(error) ? saysUnknown(error.code) : isReadTimeout(error);
}

/**
 * XX000 `server unavailable` (Aurora DSQL user guide, "Troubleshooting": after it, the outcome of a COMMIT is unknown);
 * statement_completion_unknown and those connection exceptions that leave the outcome undetermined (PostgreSQL 16 manual,
 * Appendix A). 08P01, protocol_violation, is not among them: PostgreSQL uses it for a wrong number of values.
 */
const LEAVE_IT_OPEN = new Set(["XX000", "40003", "08000", "08003", "08006", "08007"]);

/** XX000 is any internal error of PostgreSQL, so the message has to identify this one. */
function saysUnavailable(error: Error): boolean {
  return isServerError(error) && error.code === "XX000" && /server unavailable/i.test(error.message);
}

function saysUnknown(code: string): boolean {
  return LEAVE_IT_OPEN.has(code);
}

/** Whether SQL only reads (SELECT, VALUES, TABLE, SHOW), so that it does not matter whether it was executed. */
export function onlyReads(text: string | undefined): boolean {
  return text !== undefined && splitStatements(text).every((statement) => READ.test(statement));
}
