import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GuardedStatement, rolledBack } from "../src/client/commit-guard.ts";
import { SessionState, type TransactionStatus } from "../src/client/session-state.ts";
import { transactionCommands } from "../src/client/transaction-command.ts";
import { conflict, serverError } from "./conflict-shapes.ts";

const cut = new Error("Connection terminated unexpectedly");
const readTimeout = new Error("Query read timeout");
const LIMIT_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A session with that status, its statements, and what the guard did besides its responses. */
function guarded(
  status: TransactionStatus = "T",
  { commitTimeoutMillis = LIMIT_MS, isObserved = true } = {},
) {
  const connection = new EventEmitter();
  const session = new SessionState();
  session.watch(connection);
  connection.emit("readyForQuery", { status });
  const abandoned: Error[] = [];
  const timedOut: Error[] = [];
  const undetermined: Error[] = [];
  const context = {
    session,
    commitTimeoutMillis,
    onCommitUnknown: isObserved ? (error: Error) => void undetermined.push(error) : undefined,
    abandon: (reason: Error) => void abandoned.push(reason),
  };
  const statement = (text: string) =>
    new GuardedStatement(context, { text, commands: transactionCommands(text) }, (error) =>
      timedOut.push(error),
    );
  const sent = (text: string) => {
    const made = statement(text);
    made.queued();
    made.sent();
    return made;
  };
  return { connection, session, abandoned, timedOut, undetermined, statement, sent };
}

const ROLLED_BACK = { command: "ROLLBACK", rowCount: null, oid: null, rows: [], fields: [] };

test("the result of a ROLLBACK that was not sent equals pg's own", () => {
  expect(rolledBack()).toEqual(ROLLED_BACK);
});

describe("a statement is sent", () => {
  test.each<[TransactionStatus, string]>([
    ["I", "SELECT 1"],
    ["I", "BEGIN"],
    ["T", "INSERT INTO t VALUES (1)"],
    ["T", "COMMIT"],
    ["T", "ROLLBACK"],
    ["E", "ROLLBACK"],
    ["T", "COMMIT; BEGIN"],
  ])("in state %s: %s", (status, text) => {
    const { statement, abandoned } = guarded(status);
    expect(statement(text).respondLocally()).toBeUndefined();
    expect(abandoned).toEqual([]);
  });

  test("although an earlier one timed out or a COMMIT failed, unless it is a ROLLBACK", () => {
    const { statement, session, abandoned } = guarded();
    session.unanswered = true;
    session.commitFailed = true;
    for (const text of ["SELECT 1", "COMMIT"]) expect(statement(text).respondLocally()).toBeUndefined();
    expect(abandoned).toEqual([]);
  });
});

describe("a statement is not sent", () => {
  test("on a lost connection, where a ROLLBACK counts as done", () => {
    const { connection, statement } = guarded();
    connection.emit("error", cut);
    for (const text of ["SELECT 1", "COMMIT"])
      expect(statement(text).respondLocally()).toMatchObject({
        error: { code: "DSQL_CONNECTION_LOST", cause: cut },
      });
    expect(statement("ROLLBACK").respondLocally()).toEqual({ result: ROLLED_BACK });
  });

  test("if it is a ROLLBACK behind a statement that timed out: the connection is closed", () => {
    const { session, statement, abandoned } = guarded();
    session.unanswered = true;
    expect(statement("ROLLBACK").respondLocally()).toEqual({ result: ROLLED_BACK });
    expect(abandoned).toMatchObject([{ message: "a statement got no response in time" }]);
  });

  test("if it is a ROLLBACK after a COMMIT that failed", () => {
    const { session, statement, abandoned } = guarded();
    session.commitFailed = true;
    expect(statement("ROLLBACK").respondLocally()).toEqual({ result: ROLLED_BACK });
    expect(abandoned).toEqual([]);
  });

  test("if it begins a transaction in a transaction, or a savepoint", () => {
    const { statement } = guarded();
    expect(statement("BEGIN").respondLocally()).toMatchObject({
      error: { code: "DSQL_NESTED_TRANSACTION", message: expect.stringMatching(/already open/) },
    });
    expect(statement("SAVEPOINT a").respondLocally()).toMatchObject({
      error: { code: "DSQL_NESTED_TRANSACTION", message: expect.stringMatching(/no savepoints/) },
    });
  });
});

describe("a queued command", () => {
  test("determines whether a transaction is open until its response has ended", () => {
    const { session, statement } = guarded("I");
    const begin = statement("BEGIN");
    begin.queued();
    expect(session.open).toBe(true);
    const commit = statement("COMMIT");
    commit.queued();
    expect(session.open).toBe(false);
    begin.ended();
    begin.ended();
    expect(session.open).toBe(false);
    session.status = "T";
    expect(session.open).toBe(false);
    commit.ended();
    expect(session.open).toBe(true);
  });

  test("changes the state; an ordinary statement does not", () => {
    const { session, statement } = guarded("T");
    session.commitFailed = true;
    session.spoiledBy = cut;
    const select = statement("SELECT 1");
    select.queued();
    expect([session.commitFailed, session.spoiledBy]).toEqual([true, cut]);
    session.status = "I";
    expect(session.open).toBe(false);
    select.ended();
  });
});

describe("the time limit", () => {
  test.each([
    ["COMMIT", "COMMIT"],
    ["INSERT INTO t VALUES (1); COMMIT", "COMMIT"],
    ["ROLLBACK", "ROLLBACK"],
  ])("of %s begins when it is sent, closes the connection and reports it", (text, command) => {
    const { statement, abandoned, timedOut } = guarded();
    const limited = statement(text);
    limited.queued();
    vi.advanceTimersByTime(10 * LIMIT_MS);
    limited.sent();
    vi.advanceTimersByTime(LIMIT_MS - 1);
    expect(abandoned).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(abandoned).toEqual(timedOut);
    expect(timedOut).toMatchObject([
      { message: `The server did not respond to ${command} within ${LIMIT_MS} ms.` },
    ]);
  });

  test("also applies to BEGIN", () => {
    const { sent, timedOut } = guarded("I");
    sent("BEGIN");
    vi.advanceTimersByTime(LIMIT_MS);
    expect(timedOut).toMatchObject([{ message: expect.stringMatching(/respond to BEGIN within/) }]);
  });

  test("does not apply to other statements, nor to SQL that commits nothing", () => {
    const { sent, abandoned } = guarded("I");
    sent("SELECT 1");
    sent("SELECT 1; SELECT 2");
    sent("BEGIN; SELECT 1");
    expect(vi.getTimerCount()).toBe(0);
    expect(abandoned).toEqual([]);
  });

  test("is off at 0", () => {
    guarded("T", { commitTimeoutMillis: 0 }).sent("COMMIT");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ends with the response, or with an error", () => {
    const { sent } = guarded();
    sent("COMMIT").ended();
    expect(vi.getTimerCount()).toBe(0);
    sent("COMMIT").fail(conflict());
    expect(vi.getTimerCount()).toBe(0);
  });

  test("of a ROLLBACK covers the rest of a response that has begun, and restarts when it is sent", () => {
    const { connection, statement, timedOut } = guarded();
    connection.emit("errorMessage", serverError("23505", "no"));
    const rollback = statement("ROLLBACK");
    rollback.queued();
    vi.advanceTimersByTime(LIMIT_MS - 1);
    rollback.sent();
    vi.advanceTimersByTime(LIMIT_MS - 1);
    rollback.ended();
    vi.advanceTimersByTime(LIMIT_MS);
    expect(timedOut).toEqual([]);
    statement("ROLLBACK").queued();
    vi.advanceTimersByTime(LIMIT_MS);
    expect(timedOut).toHaveLength(1);
  });

  test("of a COMMIT does not run while it waits for a response that has begun", () => {
    const { connection, statement } = guarded();
    connection.emit("errorMessage", serverError("23505", "no"));
    statement("COMMIT").queued();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the command tag", () => {
  test("ROLLBACK in response to COMMIT is an error, and the connection then waits for the end of the response", () => {
    const { connection, session, sent } = guarded();
    const first = serverError("23505", "first");
    connection.emit("errorMessage", first);
    connection.emit("readyForQuery", { status: "E" });
    const failure = sent("COMMIT").receivedTag("ROLLBACK");
    expect(failure).toMatchObject({ code: "DSQL_TRANSACTION_ROLLED_BACK", cause: first });
    expect(session).toMatchObject({ awaitingReady: true, commitFailed: true, status: "I" });
  });

  test.each([
    ["COMMIT", "COMMIT"],
    ["COMMIT", undefined],
    ["ROLLBACK", "ROLLBACK"],
    ["SELECT 1", "ROLLBACK"],
  ])("in response to %s may be %s", (text, tag) => {
    const { session, sent } = guarded("E");
    expect(sent(text).receivedTag(tag)).toBeUndefined();
    expect(session).toMatchObject({ awaitingReady: false, commitFailed: false, status: "E" });
  });

  test("ROLLBACK counts as the response to a ROLLBACK in the same SQL before it counts as that to COMMIT", () => {
    const { session, sent } = guarded();
    const text = sent("ROLLBACK; BEGIN; ROLLBACK; BEGIN; COMMIT");
    expect(text.receivedTag("ROLLBACK")).toBeUndefined();
    expect(text.receivedTag("BEGIN")).toBeUndefined();
    expect(text.receivedTag("ROLLBACK")).toBeUndefined();
    expect(text.receivedTag("ROLLBACK")).toMatchObject({ code: "DSQL_TRANSACTION_ROLLED_BACK" });
    // Other statements of the text may follow, so only the server knows the state of the transaction now.
    expect(session).toMatchObject({ status: "T", commitFailed: false });
  });
});

describe("an error", () => {
  test("of a COMMIT without a response is an undetermined outcome, which is reported once", () => {
    const { sent, session, undetermined } = guarded();
    const commit = sent("COMMIT");
    const outcome = commit.fail(cut);
    expect(outcome).toMatchObject({ failure: { code: "DSQL_COMMIT_OUTCOME_UNKNOWN", cause: cut } });
    expect(undetermined).toEqual([outcome?.failure]);
    expect(commit.fail(cut)).toBeUndefined();
    expect(undetermined).toHaveLength(1);
    expect(session).toMatchObject({ status: "I", commitFailed: true });
  });

  test("of undetermined outcome needs no listener", () => {
    const { sent } = guarded("T", { isObserved: false });
    expect(sent("COMMIT").fail(cut)).toMatchObject({ failure: { code: "DSQL_COMMIT_OUTCOME_UNKNOWN" } });
  });

  test("of the server reaches only the caller", () => {
    const { sent, undetermined, session } = guarded();
    const error = conflict();
    expect(sent("COMMIT").fail(error)).toEqual({ failure: error });
    expect(undetermined).toEqual([]);
    expect(session).toMatchObject({ status: "I", commitFailed: true, unanswered: false });
  });

  test("of a COMMIT that was never sent, or that the server did not understand, leaves the transaction open", () => {
    const { session, sent, statement } = guarded();
    const unsent = statement("COMMIT");
    unsent.queued();
    expect(unsent.fail(conflict())).toMatchObject({ failure: { code: "40001" } });
    expect(session).toMatchObject({ status: "T", commitFailed: false });
    sent("COMMIT nonsense").fail(serverError("42601", "syntax"));
    expect(session).toMatchObject({ status: "T", commitFailed: false });
  });

  test("of an ordinary statement, or of one among several, does not change whether a transaction is open", () => {
    for (const text of ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1); COMMIT"]) {
      const { session, sent } = guarded();
      sent(text).fail(serverError("23505", "no"));
      expect(session).toMatchObject({ status: "T", commitFailed: false });
    }
  });

  test("of a ROLLBACK ends the transaction without a failed COMMIT", () => {
    const { session, sent } = guarded();
    const error = serverError("XX000", "no");
    expect(sent("ROLLBACK").fail(error)).toEqual({ failure: error });
    expect(session).toMatchObject({ status: "I", commitFailed: false });
  });

  test("of a ROLLBACK whose connection is lost is not passed on", () => {
    const { connection, sent } = guarded();
    const rollback = sent("ROLLBACK");
    connection.emit("error", cut);
    expect(rollback.fail(cut)).toEqual({ failure: undefined });
  });

  test("of another statement whose connection is lost is passed on", () => {
    const { connection, sent } = guarded();
    const begin = sent("SELECT 1");
    connection.emit("error", cut);
    expect(begin.fail(cut)).toMatchObject({ failure: { code: "DSQL_CONNECTION_LOST" } });
  });

  test("from pg's read time-out leaves the response outstanding", () => {
    const { session, sent } = guarded();
    expect(sent("SELECT 1").fail(readTimeout)).toEqual({ failure: readTimeout });
    expect(session.unanswered).toBe(true);
  });
});
