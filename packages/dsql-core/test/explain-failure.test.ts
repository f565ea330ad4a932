import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { endsTransaction, explainFailure, isServerError, onlyReads } from "../src/client/explain-failure.ts";
import { SessionState } from "../src/client/session-state.ts";
import { transactionCommands } from "../src/client/transaction-command.ts";
import { UNAVAILABLE } from "../src/retry/server-unavailable.ts";
import { conflict, serverError } from "./conflict-shapes.ts";

const readTimeout = new Error("Query read timeout");
const cut = new Error("Connection terminated unexpectedly");

/** A session as its connection has reported it, and its connection's events. */
function session(status?: "I" | "T" | "E") {
  const connection = new EventEmitter();
  const state = new SessionState();
  state.watch(connection);
  if (status !== undefined) connection.emit("readyForQuery", { status });
  return { state, connection };
}

function explained(
  text: string,
  error: Error,
  {
    status = "I",
    isLost = false,
    wasSent = true,
  }: { status?: "I" | "T" | "E"; isLost?: boolean; wasSent?: boolean } = {},
): Error {
  const { state, connection } = session(status);
  if (isLost) connection.emit("error", cut);
  return explainFailure(error, { text, commands: transactionCommands(text), wasSent }, state);
}

const codeOf = (error: Error) => (error as { code?: string }).code;

describe("a statement outside a transaction that only reads", () => {
  test.each(["SELECT 1", "values (1)", "TABLE t", "SHOW x", "/* a */ select 1; SELECT 2"])("%s", (text) => {
    expect(onlyReads(text)).toBe(true);
    expect(codeOf(explained(text, cut, { isLost: true }))).toBe("DSQL_CONNECTION_LOST");
    expect(explained(text, readTimeout)).toBe(readTimeout);
  });
});

describe("a statement outside a transaction that may write", () => {
  test.each([
    "INSERT INTO t VALUES (1)",
    "WITH x AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM x",
    "SELECT 1; DELETE FROM t",
    "selection()",
    "CALL f()",
  ])("%s is undetermined when its response is lost, late, or unavailable", (text) => {
    expect(onlyReads(text)).toBe(false);
    expect(codeOf(explained(text, cut, { isLost: true }))).toBe("DSQL_COMMIT_OUTCOME_UNKNOWN");
    expect(codeOf(explained(text, readTimeout))).toBe("DSQL_COMMIT_OUTCOME_UNKNOWN");
    for (const code of ["XX000", "40003", "08000", "08003", "08006", "08007"])
      expect(codeOf(explained(text, serverError(code, "no")))).toBe("DSQL_COMMIT_OUTCOME_UNKNOWN");
    for (const error of [
      conflict(),
      serverError("23505", "no"),
      serverError("08P01", "no"),
      new TypeError("no"),
    ])
      expect(explained(text, error)).toBe(error);
  });

  test.each(["ROLLBACK; INSERT INTO t VALUES (1)", "BEGIN; ROLLBACK; INSERT INTO t VALUES (1)"])(
    "%s writes when no transaction is open",
    (text) => {
      expect(codeOf(explained(text, readTimeout))).toBe("DSQL_COMMIT_OUTCOME_UNKNOWN");
    },
  );

  test.each(["BEGIN", "BEGIN; INSERT INTO t VALUES (1)", "BEGIN; ROLLBACK; SELECT 1"])(
    "%s is not one: it commits nothing",
    (text) => {
      expect(explained(text, readTimeout)).toBe(readTimeout);
    },
  );

  test("has done nothing before the login", () => {
    const { state } = session();
    const text = "ROLLBACK; INSERT INTO t VALUES (1)";
    const statement = { text, commands: transactionCommands(text), wasSent: true };
    expect(explainFailure(readTimeout, statement, state)).toBe(readTimeout);
  });

  test("has an undetermined outcome if its SQL is not known", () => {
    expect(onlyReads(undefined)).toBe(false);
    const { state, connection } = session("I");
    connection.emit("error", cut);
    const failure = explainFailure(cut, { text: undefined, commands: undefined, wasSent: true }, state);
    expect(codeOf(failure)).toBe("DSQL_COMMIT_OUTCOME_UNKNOWN");
  });
});

describe("a statement in a transaction", () => {
  test("is rolled back when its connection is lost", () => {
    for (const status of ["T", "E"] as const)
      expect(codeOf(explained("INSERT INTO t VALUES (1)", cut, { status, isLost: true }))).toBe(
        "DSQL_CONNECTION_LOST",
      );
  });

  test("whose SQL is not known is rolled back, too", () => {
    const { state, connection } = session("T");
    connection.emit("error", cut);
    const failure = explainFailure(cut, { text: undefined, commands: undefined, wasSent: true }, state);
    expect(codeOf(failure)).toBe("DSQL_CONNECTION_LOST");
  });

  test("may be retried after `server unavailable`, and only after that", () => {
    const isMarked = (error: Error) => UNAVAILABLE in explained("SELECT 1", error, { status: "T" });
    expect(isMarked(serverError("XX000", "Server unavailable"))).toBe(true);
    expect(isMarked(serverError("XX000", "another internal error"))).toBe(false);
    expect(isMarked(serverError("40001", "server unavailable"))).toBe(false);
    const { message } = serverError("XX000", "server unavailable");
    expect(isMarked(Object.assign(new Error(message), { code: "XX000" }))).toBe(false);
  });

  test("keeps the server's error, or pg's own", () => {
    for (const error of [readTimeout, serverError("XX000", "server unavailable")])
      expect(explained("INSERT INTO t VALUES (1)", error, { status: "T" })).toBe(error);
  });
});

describe("a COMMIT", () => {
  test("is undetermined unless the server has sent an ERROR that says otherwise", () => {
    for (const error of [
      cut,
      readTimeout,
      serverError("57P01", "ended", "FATAL"),
      serverError("XX000", "no"),
    ])
      expect(codeOf(explained("COMMIT", error, { status: "T" }))).toBe("DSQL_COMMIT_OUTCOME_UNKNOWN");
    for (const error of [conflict(), serverError("23503", "no")])
      expect(explained("COMMIT", error, { status: "T" })).toBe(error);
  });

  test("that was not sent is rolled back with its connection", () => {
    expect(codeOf(explained("COMMIT", cut, { status: "T", isLost: true, wasSent: false }))).toBe(
      "DSQL_CONNECTION_LOST",
    );
  });
});

test("a lost connection's error has the server's error as its cause, or else the statement's", () => {
  const { state, connection } = session("T");
  const fatal = serverError("57P01", "terminating connection", "FATAL");
  connection.emit("errorMessage", fatal);
  const statement = { text: "SELECT 1", commands: undefined, wasSent: true };
  expect(explainFailure(cut, statement, state).cause).toBe(fatal);
  const other = session("T");
  other.connection.emit("end");
  expect(explainFailure(cut, statement, other.state).cause).toBe(cut);
});

test("a transaction is over after its COMMIT failed, unless the server rejected the statement", () => {
  for (const error of [conflict(), cut, serverError("XX000", "no"), serverError("23425", "no")])
    expect(endsTransaction(error)).toBe(true);
  for (const code of ["42601", "0A000"]) expect(endsTransaction(serverError(code, "no"))).toBe(false);
});

test("an error of the server has a severity and a code, and is an Error", () => {
  expect(isServerError(serverError("23505", "no"))).toBe(true);
  for (const other of [
    undefined,
    "23505",
    { severity: "ERROR", code: "23505" },
    Object.assign(new Error("no"), { code: "ECONNRESET" }),
    Object.assign(new Error("no"), { severity: "ERROR" }),
    Object.assign(new Error("no"), { severity: "ERROR", code: 23505 }),
  ])
    expect(isServerError(other)).toBe(false);
});

describe("what is known about a session", () => {
  const NOTHING = {
    status: undefined,
    lostBy: undefined,
    unanswered: false,
    awaitingReady: false,
    commitFailed: false,
    spoiledBy: undefined,
    open: false,
  };

  test("is reset before its login, and after a new connection has replaced the old", () => {
    expect(new SessionState()).toMatchObject(NOTHING);
    const { state, connection } = session("T");
    connection.emit("errorMessage", serverError("23505", "no"));
    connection.emit("error", cut);
    Object.assign(state, { unanswered: true, commitFailed: true });
    state.watch(new EventEmitter());
    expect(state).toMatchObject(NOTHING);
  });

  test("does not include the loss of a connection that was never open", () => {
    const { state, connection } = session();
    connection.emit("error", cut);
    connection.emit("end");
    expect(state.lostBy).toBeUndefined();
  });

  test("says that no transaction is open on a lost connection", () => {
    const { state, connection } = session("T");
    expect(state.open).toBe(true);
    connection.emit("end");
    expect(state.open).toBe(false);
  });

  test("says that the connection was lost after FATAL, PANIC, a socket error or its end, with the first reason", () => {
    for (const severity of ["FATAL", "PANIC"]) {
      const { state, connection } = session("T");
      const error = serverError("57P01", "ended", severity);
      connection.emit("errorMessage", error);
      connection.emit("error", cut);
      connection.emit("end");
      expect(state.lostBy).toBe(error);
      expect(state.spoiledBy).toBeUndefined();
    }
    const { state, connection } = session("I");
    connection.emit("errorMessage", serverError("23505", "no"));
    expect(state.lostBy).toBeUndefined();
    connection.emit("end");
    expect(state.lostBy).toMatchObject({ message: "the connection was closed" });
    const broken = session("I");
    broken.connection.emit("error", cut);
    expect(broken.state.lostBy).toBe(cut);
  });

  test("keeps the first error of a transaction, and none from outside one", () => {
    const { state, connection } = session("I");
    connection.emit("errorMessage", serverError("23505", "outside"));
    expect(state.spoiledBy).toBeUndefined();
    connection.emit("readyForQuery", { status: "T" });
    const first = serverError("23505", "first");
    connection.emit("errorMessage", first);
    connection.emit("errorMessage", serverError("25P02", "second"));
    expect(state.spoiledBy).toBe(first);
    state.sent(false)();
    expect(state.spoiledBy).toBe(first);
    state.sent(true)();
    expect(state.spoiledBy).toBeUndefined();
  });

  test("waits for ReadyForQuery after an error", () => {
    const { state, connection } = session("T");
    state.unanswered = true;
    connection.emit("errorMessage", serverError("23505", "no"));
    expect([state.awaitingReady, state.unanswered]).toEqual([true, true]);
    connection.emit("readyForQuery", { status: "E" });
    expect([state.awaitingReady, state.unanswered]).toEqual([false, false]);
  });

  test("forgets a failed COMMIT when the transaction is still open, or another command is sent", () => {
    const { state, connection } = session("T");
    state.commitFailed = true;
    connection.emit("readyForQuery", { status: "I" });
    expect(state.commitFailed).toBe(true);
    connection.emit("readyForQuery", { status: "T" });
    expect(state.commitFailed).toBe(false);
    state.commitFailed = true;
    state.sent(true);
    expect(state.commitFailed).toBe(false);
  });

  test("says whether a transaction will be open after all outstanding responses", () => {
    const { state, connection } = session("I");
    expect(state.open).toBe(false);
    const begun = state.sent(true);
    expect(state.open).toBe(true);
    const ended = state.sent(false);
    expect(state.open).toBe(false);
    begun();
    expect(state.open).toBe(false);
    ended();
    for (const [status, open] of [
      ["T", true],
      ["E", true],
      ["I", false],
    ] as const) {
      connection.emit("readyForQuery", { status });
      expect(state.open).toBe(open);
    }
  });

  test("foresees whether commands leave a transaction open, and which must be refused", () => {
    const { state, connection } = session("I");
    const foreseen = (text: string) => state.foresee(transactionCommands(text));
    expect(foreseen("SELECT 1")).toEqual({ open: false });
    expect(foreseen("BEGIN")).toEqual({ open: true });
    expect(foreseen("BEGIN; SELECT 1")).toEqual({ open: true });
    expect(foreseen("BEGIN; SELECT 1; COMMIT")).toEqual({ open: false });
    expect(foreseen("BEGIN; BEGIN")).toEqual({ open: true, refused: "nested" });
    expect(foreseen("COMMIT; BEGIN")).toEqual({ open: true });
    expect(foreseen("SAVEPOINT a")).toEqual({ open: false, refused: "savepoint" });
    connection.emit("readyForQuery", { status: "T" });
    expect(foreseen("SELECT 1")).toEqual({ open: true });
    expect(foreseen("BEGIN")).toEqual({ open: true, refused: "nested" });
    expect(foreseen("ROLLBACK")).toEqual({ open: false });
  });
});
