import { EventEmitter, once } from "node:events";
import { Query } from "pg";
import Cursor from "pg-cursor";
import { afterEach, describe, expect, test, vi } from "vitest";
import { lastConflictOf } from "../src/client/guarded-client.ts";
import { internalsOf } from "../src/client/pg-internals.ts";
import { type DsqlClient, type DsqlConnectionOptions, TransactionScopeError } from "../src/index.ts";
import { contestedRowsOf } from "../src/retry/contested-rows.ts";
import { cut, failure, nothing, useScriptedServer } from "./scripted-server.ts";

const server = useScriptedServer();

afterEach(() => {
  vi.useRealTimers();
});

/** A client in a transaction. The time limits are set after BEGIN, so that they do not apply to it. */
async function inTransaction(options: DsqlConnectionOptions = {}): Promise<DsqlClient> {
  const { query_timeout, commitTimeoutMillis, ...others } = options;
  const client = await server.connect(others);
  await client.query("BEGIN");
  Object.assign(internalsOf(client).connectionParameters, { query_timeout });
  if (commitTimeoutMillis !== undefined) client.commitTimeoutMillis = commitTimeoutMillis;
  return client;
}

type Callback = (error: Error | null, result?: unknown) => void;

function called(run: (done: Callback) => unknown): Promise<{ command: string; rows: unknown[] }> {
  return new Promise((resolve, reject) => {
    run((error, result) => (error ? reject(error) : resolve(result as never)));
  });
}

function emitted(query: Query): Promise<{ command: string; rows: unknown[] }> {
  return new Promise((resolve, reject) => {
    query.on("end", resolve as never);
    query.on("error", reject);
  });
}

/** What a query stream is to pg: an object that forwards everything to its cursor. */
class CursorInside extends EventEmitter {
  readonly cursor: Cursor;

  constructor(text: string) {
    super();
    this.cursor = new Cursor(text);
    for (const name of [
      "handleError",
      "handleRowDescription",
      "handleDataRow",
      "handlePortalSuspended",
      "handleCommandComplete",
      "handleReadyForQuery",
      "handleEmptyQuery",
      "submit",
    ]) {
      const cursor = this.cursor as unknown as Record<string, (...given: unknown[]) => unknown>;
      Object.assign(this, { [name]: (...given: unknown[]) => cursor[name]?.(...given) });
    }
  }
}

function read(cursor: Cursor): Promise<{ command: string; rows: unknown[] }> {
  return new Promise((resolve, reject) => {
    cursor.on("end" as never, resolve as never);
    cursor.read(10).catch(reject);
  });
}

/** Every way to pass a statement to pg. */
const WAYS: [string, (client: DsqlClient, text: string) => Promise<{ command: string; rows: unknown[] }>][] =
  [
    ["a text", (client, text) => client.query(text)],
    ["a text with values", (client, text) => client.query(text, [])],
    ["a config object", (client, text) => client.query({ text })],
    ["a config object with values", (client, text) => client.query({ text, values: [1] })],
    ["a config object with a row mode", (client, text) => client.query({ text, rowMode: "array" } as never)],
    ["a text and a callback", (client, text) => called((done) => client.query(text, done as never))],
    [
      "a text, values and a callback",
      (client, text) => called((done) => client.query(text, [], done as never)),
    ],
    [
      "a config object and a callback",
      (client, text) => called((done) => client.query({ text }, done as never)),
    ],
    [
      "a config object that holds its callback",
      (client, text) => called((callback) => client.query({ text, callback } as never)),
    ],
    [
      "a Query with a callback",
      (client, text) => called((done) => client.query(new Query(text, done as never))),
    ],
    [
      "a Query, and a callback beside it",
      (client, text) => called((done) => client.query(new Query(text) as never, done as never)),
    ],
    [
      "a Query, values, and a callback beside it",
      (client, text) => called((done) => client.query(new Query(text) as never, [], done as never)),
    ],
    ["a Query that emits events", (client, text) => emitted(client.query(new Query(text)))],
    [
      "a cursor",
      (client, text) => {
        const cursor = new Cursor(text);
        client.query(cursor as never);
        return read(cursor);
      },
    ],
    [
      "an object with a cursor inside",
      (client, text) => {
        const stream = new CursorInside(text);
        client.query(stream as never);
        return read(stream.cursor);
      },
    ],
  ];

const isCursor = (way: string) => way.includes("cursor");

describe.each(WAYS)("a statement passed as %s", (way, run) => {
  test("receives its response", async () => {
    const client = await server.connect();
    const { rows } = await run(client, "SELECT 1");
    if (!isCursor(way)) expect(rows.map((row) => Object.values(row as object))).toEqual([["SELECT 1"]]);
    await expect(run(client, "nonsense\0")).resolves.toBeDefined();
    expect(server.received[0]).toBe("SELECT 1");
  });

  test("begins and commits", async () => {
    const client = await server.connect();
    expect((await run(client, "BEGIN")).command).toBe("BEGIN");
    expect(client.session.open).toBe(true);
    expect((await run(client, "COMMIT")).command).toBe("COMMIT");
    expect(client.session.open).toBe(false);
    expect((await run(client, "BEGIN")).command).toBe("BEGIN");
    expect((await run(client, "ROLLBACK")).command).toBe("ROLLBACK");
    expect(server.received).toEqual(["BEGIN", "COMMIT", "BEGIN", "ROLLBACK"]);
  });

  test("receives an error if its COMMIT stored nothing, and the connection stays usable", async () => {
    const client = await inTransaction();
    server.next(/INSERT/, failure("23505"));
    await expect(client.query("INSERT")).rejects.toMatchObject({ code: "23505" });
    await expect(run(client, "COMMIT")).rejects.toMatchObject({
      code: "DSQL_TRANSACTION_ROLLED_BACK",
      cause: { code: "23505" },
    });
    expect((await client.query("SELECT 2")).rowCount).toBe(1);
    expect(client.session.status).toBe("I");
  });

  test("is refused before it is sent if it would nest a transaction", async () => {
    const client = await inTransaction();
    await expect(run(client, "BEGIN")).rejects.toMatchObject({ code: "DSQL_NESTED_TRANSACTION" });
    expect(server.received).toEqual(["BEGIN"]);
  });

  test("reports, once, that the outcome of a COMMIT that was cut is undetermined", async () => {
    const reported: Error[] = [];
    const client = await inTransaction({ telemetry: { commitUnknown: ({ error }) => reported.push(error) } });
    server.next(/COMMIT/, cut);
    const error = await run(client, "COMMIT").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    expect(reported).toEqual([error]);
  });

  test("reports an undetermined outcome after a COMMIT times out, and closes the connection", async () => {
    const client = await inTransaction({ commitTimeoutMillis: 20 });
    server.next(/COMMIT/, nothing);
    await expect(run(client, "COMMIT")).rejects.toMatchObject({
      code: "DSQL_COMMIT_OUTCOME_UNKNOWN",
      cause: { message: expect.stringMatching(/did not respond to COMMIT within 20 ms/) },
    });
    expect(client.session.lostBy?.message).toMatch(/did not respond to COMMIT/);
    await expect.poll(() => server.session.isClosed).toBe(true);
    expect(client.session.lostBy?.message).toMatch(/did not respond to COMMIT/);
  });

  test("receives the server's error for a COMMIT, and a ROLLBACK after it is not sent", async () => {
    const client = await inTransaction();
    server.next(/COMMIT/, (session) => {
      session.error("40001", "(OC000)");
      session.ready("I");
    });
    await expect(run(client, "COMMIT")).rejects.toMatchObject({ code: "40001", severity: "ERROR" });
    if (!isCursor(way)) expect((await run(client, "ROLLBACK")).command).toBe("ROLLBACK");
    expect(server.received).toEqual(["BEGIN", "COMMIT"]);
  });

  test("fails with a lost connection in a transaction, and so does all that follows except ROLLBACK", async () => {
    const client = await inTransaction();
    server.next(/INSERT/, cut);
    await expect(run(client, "INSERT")).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    await expect(run(client, "SELECT 1")).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    await expect(run(client, "COMMIT")).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    if (!isCursor(way)) expect((await run(client, "ROLLBACK")).command).toBe("ROLLBACK");
    expect(server.received).toEqual(["BEGIN", "INSERT"]);
  });

  test("has an undetermined outcome if it writes outside a transaction and is cut", async () => {
    const reported: Error[] = [];
    const client = await server.connect({
      telemetry: { commitUnknown: ({ error }) => reported.push(error) },
    });
    server.next(/INSERT/, cut);
    const error = await run(client, "INSERT").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    expect(reported).toEqual([error]);
  });

  test("succeeds as a ROLLBACK whose connection is cut", async () => {
    if (isCursor(way)) return;
    const client = await inTransaction();
    server.next(/ROLLBACK/, cut);
    expect(await run(client, "ROLLBACK")).toMatchObject({ command: "ROLLBACK", rows: [], rowCount: null });
  });

  test("is refused by pg after the client was closed", async () => {
    const client = await server.connect();
    await client.end();
    for (const text of ["SELECT 1", "COMMIT"])
      await expect(run(client, text)).rejects.toThrow("Client was closed and is not queryable");
  });
});

describe("a response that does not come within query_timeout", () => {
  const waiting = { query_timeout: 20, commitTimeoutMillis: 0 };

  // pg does not report a time-out to a Query that emits events, and has none for a cursor.
  const told = WAYS.filter(([way]) => !isCursor(way) && !way.includes("events"));

  test.each(told)("to %s", async (_way, run) => {
    const reported: Error[] = [];
    const telemetry = { commitUnknown: ({ error }: { error: Error }) => void reported.push(error) };
    const client = await inTransaction({ ...waiting, telemetry });
    server.next(/SELECT/, nothing);
    await expect(run(client, "SELECT 1")).rejects.toThrow("Query read timeout");
    expect(client.session.unanswered).toBe(true);
    expect((await run(client, "ROLLBACK")).command).toBe("ROLLBACK");
    const other = await inTransaction({ ...waiting, telemetry });
    server.next(/COMMIT/, nothing);
    const error = await run(other, "COMMIT").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    const third = await inTransaction({ ...waiting, telemetry });
    server.next(/ROLLBACK/, nothing);
    await run(third, "ROLLBACK").catch(() => {});
    expect(reported).toEqual([error]);
  });

  test("can be limited for a COMMIT alone", async () => {
    const client = await inTransaction({ commitTimeoutMillis: 0 });
    server.next(/COMMIT/, nothing);
    const commit = { text: "COMMIT", query_timeout: 20 };
    const called = new Promise((resolve) => {
      client.query(commit as never, ((...given: unknown[]) => resolve(given)) as never);
    });
    const unknown = expect.objectContaining({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    expect(await called).toEqual([unknown, undefined]);
  });

  test("to a ROLLBACK is not an error if the connection is lost", async () => {
    const client = await inTransaction(waiting);
    server.next(/SELECT/, (session) => session.error("57P01", "no", { severity: "FATAL" }));
    client.query("SELECT 1").catch(() => {});
    expect(await client.query("ROLLBACK")).toMatchObject({ command: "ROLLBACK" });
  });

  test("is not reported to an object that already has its error", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const client = await server.connect();
    const { query, errors } = minimal("SELECT 1");
    const callback = vi.fn();
    server.next(/SELECT/, failure("42601"));
    client.query({ ...query, query_timeout: 20, callback } as never);
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(20);
    expect(callback).not.toHaveBeenCalled();
    expect(errors).toMatchObject([{ code: "42601" }]);
  });

  test("leaves cursors on the connection closable", async () => {
    const client = await inTransaction(waiting);
    const cursor = client.query(new Cursor("rows 9") as never) as unknown as Cursor;
    await cursor.read(2);
    client.session.unanswered = true;
    await cursor.close();
    await new Promise<void>((resolve) => cursor.close(() => resolve()));
  });
});

describe("a cursor", () => {
  test("is closed on the server while the connection lasts", async () => {
    const client = await inTransaction();
    const cursor = client.query(new Cursor("rows 9") as never) as unknown as Cursor;
    expect(await cursor.read(2)).toHaveLength(2);
    await cursor.close();
    const next = client.query(new Cursor("rows 9") as never) as unknown as Cursor;
    expect(await next.read(2)).toHaveLength(2);
    await new Promise<void>((resolve) => next.close(() => resolve()));
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
  });

  test("whose connection is lost can be closed", async () => {
    const client = await inTransaction();
    const cursor = client.query(new Cursor("rows 9") as never) as unknown as Cursor;
    await cursor.read(2);
    const ended = once(client.connection, "end");
    server.session.cut();
    await ended;
    await expect(cursor.read(1)).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    await cursor.close();
    await new Promise<void>((resolve) => cursor.close(() => resolve()));
  });
});

/** The smallest object that pg submits. */
function minimal(text?: string) {
  const errors: unknown[] = [];
  let submitted = 0;
  const query = {
    text,
    submit: (connection: { query(text: string): void }) => {
      submitted++;
      connection.query(String(text));
    },
    handleError: (error: unknown) => void errors.push(error),
  };
  return { query, errors, count: () => submitted };
}

describe("an object that pg submits", () => {
  test("may have no handlers for the end of its response", async () => {
    const client = await inTransaction();
    server.next(/INSERT/, cut);
    await expect(client.query("INSERT")).rejects.toThrow();
    const { query, errors, count } = minimal("ROLLBACK");
    expect(client.query(query as never)).toBe(query);
    await new Promise((resolve) => setImmediate(resolve));
    expect([errors, count()]).toEqual([[], 0]);
    const other = await server.connect();
    const begin = minimal("BEGIN");
    other.query(begin.query as never);
    await other.query("COMMIT");
    expect([begin.errors, begin.count()]).toEqual([[], 1]);
  });

  test("receives one error if its COMMIT stored nothing, when the response has ended", async () => {
    const client = await inTransaction();
    server.next(/INSERT/, failure("23505"));
    await client.query("INSERT").catch(() => {});
    await expect.poll(() => client.session.awaitingReady).toBe(false);
    const { query, errors } = minimal("COMMIT");
    server.next(/COMMIT/, (session) => session.complete("ROLLBACK"));
    client.query(query as never);
    await expect.poll(() => client.session.awaitingReady).toBe(true);
    expect(errors).toEqual([]);
    server.session.ready("I");
    await client.query("SELECT 1");
    expect(errors).toMatchObject([{ code: "DSQL_TRANSACTION_ROLLED_BACK" }]);
    expect(errors).toHaveLength(1);
  });

  test("may have no callback, and receives its response", async () => {
    const client = await server.connect();
    const { query } = minimal("SELECT 1");
    const handled: string[] = [];
    Object.assign(query, {
      handleRowDescription: () => handled.push("rowDescription"),
      handleDataRow: () => handled.push("dataRow"),
      handleCommandComplete: ({ text }: { text: string }) => handled.push(text),
      handleReadyForQuery: () => handled.push("ready"),
    });
    client.query(query as never);
    await expect.poll(() => handled).toEqual(["rowDescription", "dataRow", "SELECT 1", "ready"]);
    expect((query as { callback?: unknown }).callback).toBeUndefined();
  });

  test("may have no text, and then counts as a write", async () => {
    const client = await server.connect();
    const { query, errors } = minimal();
    server.next(/undefined/, cut);
    client.query(query as never);
    await expect.poll(() => errors).toMatchObject([{ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" }]);
  });

  test("is refused by pg if it cannot be submitted", async () => {
    const client = await server.connect();
    const query = new Query({ text: undefined } as never);
    const failed = emitted(client.query(query));
    await expect(failed).rejects.toThrow("A query must have either text or a name");
    for (const text of [undefined, { toString: () => "COMMIT" }])
      await expect(client.query({ text } as never)).rejects.toThrow(
        "A query must have either text or a name",
      );
  });

  test("keeps its callback", async () => {
    const client = await server.connect();
    let other = 0;
    const count = () => {
      other++;
    };
    await called((done) => client.query(new Query("SELECT 1", done as never) as never, count as never));
    await called((done) => client.query(new Query("SELECT 1", done as never) as never, [], count as never));
    expect(other).toBe(0);
  });
});

/** A config object that pg's types do not know. */
function untyped(client: DsqlClient, config: unknown): Promise<{ rows: unknown[] }> {
  return client.query(config as never) as unknown as Promise<{ rows: unknown[] }>;
}

describe("query", () => {
  test("accepts only statements, as pg does", async () => {
    const client = await server.connect();
    for (const none of [null, undefined])
      await expect(client.query(none as never)).rejects.toThrow("passed a null or undefined query");
    expect(() => client.query("SELECT 1", [], "no function" as never)).toThrow(
      new TypeError("callback is not a function"),
    );
    expect(await client.query("SELECT 1", [], null as never)).toMatchObject({ rowCount: 1 });
    await expect(client.query({ submit: "no method", text: "SELECT 1" } as never)).resolves.toMatchObject({
      rowCount: 1,
    });
  });

  test("accepts the name of a prepared statement", async () => {
    const client = await inTransaction();
    await client.query({ name: "end", text: "COMMIT" });
    server.next(/INSERT/, failure("23505"));
    await client.query("BEGIN");
    await client.query("INSERT").catch(() => {});
    await expect(client.query({ name: "end" } as never)).rejects.toMatchObject({
      code: "DSQL_TRANSACTION_ROLLED_BACK",
    });
    await client.query({ name: "read", text: "SELECT 4" });
    expect((await untyped(client, { name: "read" })).rows).toEqual([{ text: "SELECT 4" }]);
    server.next(/SELECT 4/, cut);
    await expect(client.query({ name: "read" } as never)).rejects.toMatchObject({
      code: "DSQL_CONNECTION_LOST",
    });
  });

  test("keeps the other properties of a config object", async () => {
    const client = await server.connect();
    class Statement {
      get text() {
        return "SELECT 1";
      }
      get rowMode() {
        return "array";
      }
    }
    const values = Object.create({ rowMode: "array" });
    values.text = "SELECT 2";
    for (const [config, text] of [
      [new Statement(), "SELECT 1"],
      [values, "SELECT 2"],
      [{ text: "SELECT 3", values: undefined, rowMode: "array" }, "SELECT 3"],
    ] as const)
      expect((await untyped(client, config)).rows).toEqual([[text]]);
    expect((await untyped(client, { text: "SELECT 4", rowMode: undefined })).rows).toEqual([
      { text: "SELECT 4" },
    ]);
    const frozen = Object.freeze({ text: "SELECT 5", rowMode: "array" });
    expect((await untyped(client, frozen)).rows).toEqual([["SELECT 5"]]);
  });

  test("prefers the callback argument to that of a config object, which may be read-only", async () => {
    const client = await server.connect();
    let inside = 0;
    const config = Object.freeze({
      text: "SELECT 1",
      callback: () => {
        inside++;
      },
    });
    await called((done) => client.query(config as never, done as never));
    await called((done) => client.query({ ...config, text: "COMMIT" } as never, [], done as never));
    expect(inside).toBe(0);
  });

  test("fails once, with the error of a value that cannot be serialized", async () => {
    const client = await server.connect();
    const error = (thrown: unknown) => ({
      toPostgres: () => {
        throw thrown;
      },
    });
    let calls = 0;
    await new Promise<void>((resolve) => {
      client.query("SELECT $1", [error(new Error("mine"))], (() => {
        calls++;
        setTimeout(resolve, 20);
      }) as never);
    });
    expect(calls).toBe(1);
    await expect(client.query("SELECT $1", [error("no error")])).rejects.toBe("no error");
    await expect(client.query({ text: "SELECT $1", values: [error("of the object")] })).rejects.toBe(
      "of the object",
    );
    await expect(client.query({ text: "SELECT $1", values: [] }, [error("beside it")])).rejects.toBe(
      "beside it",
    );
  });
});

test("a conflict is about the rows that the statements name, however their values are given", async () => {
  const update = "UPDATE accounts SET n = 1 WHERE id = $1";
  const ways: ((client: DsqlClient) => Promise<unknown>)[] = [
    (client) => client.query(update, [1]),
    (client) => client.query({ text: update, values: [1] }),
    (client) => client.query({ text: update }, [1]),
    (client) => called((done) => client.query(new Query(update, [1], done as never))),
  ];
  for (const way of ways) {
    const client = await server.connect();
    server.next(/UPDATE/, failure("40001", "(OC000)"));
    const error = await way(client).catch((reason: unknown) => reason);
    expect(contestedRowsOf(error)?.rows).toHaveLength(1);
    expect(lastConflictOf(client)).toBe(error);
  }
  for (const none of [undefined, null, {}]) expect(lastConflictOf(none)).toBeUndefined();
});

test("an error has the stack of the caller that awaits it", async () => {
  const client = await server.connect();
  const theCaller = async () => await client.query("FAIL");
  server.next(/FAIL/, failure("42601"));
  await expect(theCaller()).rejects.toMatchObject({ stack: expect.stringMatching(/theCaller/) });
});

test("a connection that the server has closed accepts no further statement", async () => {
  const client = await server.connect();
  server.next(/SELECT/, (session) => session.error("57P01", "no", { severity: "FATAL" }));
  await expect(client.query("SELECT 1")).rejects.toThrow();
  await expect(client.query("SELECT 2")).rejects.toMatchObject({
    code: "DSQL_CONNECTION_LOST",
    cause: { code: "57P01" },
  });
  expect(server.received).toEqual(["SELECT 1"]);
});

test("an undetermined write needs no listener", async () => {
  const client = await server.connect();
  client.onCommitUnknown = undefined;
  server.next(/INSERT/, cut);
  await expect(client.query("INSERT")).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
});

test("a COMMIT is undetermined, or met a conflict, although a type parser threw before it", async () => {
  const types = {
    getTypeParser: () => () => {
      throw new TypeError("a parser of the user's");
    },
  };
  const client = await inTransaction({ commitTimeoutMillis: 20, types: types as never });
  server.next(/COMMIT/, (session) => {
    session.answer("SELECT 1");
  });
  const failed = client.query("SELECT 1; COMMIT");
  await expect(failed).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
  const refused = await inTransaction({ types: types as never });
  server.next(/COMMIT/, (session) => {
    session.answer("SELECT 1");
    session.error("40001", "(OC000)");
    session.ready("I");
  });
  await expect(refused.query("SELECT 1; COMMIT")).rejects.toMatchObject({ code: "40001" });
  const other = await server.connect({ types: types as never });
  await expect(other.query("SELECT 1")).rejects.toThrow("a parser of the user's");
});

describe("a reserved client", () => {
  test("refuses every statement that is not sent with sendReserved", async () => {
    const client = await server.connect();
    client.reserved = true;
    await expect(client.query("SELECT 1")).rejects.toThrow(TransactionScopeError);
    await expect(called((done) => client.query("SELECT 1", done as never))).rejects.toThrow(
      TransactionScopeError,
    );
    await expect(called((done) => client.query("SELECT 1", [], done as never))).rejects.toThrow(
      TransactionScopeError,
    );
    expect((await client.sendReserved(() => client.query("SELECT 2"))).rowCount).toBe(1);
    expect(() =>
      client.sendReserved(() => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
    await expect(client.query("SELECT 3")).rejects.toThrow(TransactionScopeError);
    client.reserved = false;
    await client.query("SELECT 4");
    expect(server.received).toEqual(["SELECT 2", "SELECT 4"]);
  });
});

describe("a client is busy", () => {
  test("while a statement is running", async () => {
    const client = await server.connect();
    expect(client.isBusy).toBe(false);
    server.next(/SELECT/, nothing);
    const running = client.query("SELECT 1");
    running.catch(() => {});
    expect(client.isBusy).toBe(true);
    client.connection.stream.destroy();
    await running.catch(() => {});
    expect(client.isBusy).toBe(false);
  });

  test("but not while it waits for the end of an error response, or in a failed transaction", async () => {
    const client = await inTransaction();
    const failing = client.query("FAIL");
    server.next(/FAIL/, (session) => session.error("22012"));
    await expect(failing).rejects.toMatchObject({ code: "22012" });
    expect([client.isBusy, client.session.awaitingReady, client.session.unanswered]).toEqual([
      false,
      true,
      false,
    ]);
    const waiting = client.query("SELECT 1");
    waiting.catch(() => {});
    server.session.ready();
    await expect(waiting).rejects.toMatchObject({ code: "25P02" });
    await expect.poll(() => client.session.awaitingReady).toBe(false);
    server.next(/SELECT/, nothing);
    client.query("SELECT 2").catch(() => {});
    expect(client.isBusy).toBe(false);
    client.session.status = "T";
    expect(client.isBusy).toBe(false);
    client.session.spoiledBy = undefined;
    expect(client.isBusy).toBe(true);
    client.session.status = "E";
    expect(client.isBusy).toBe(false);
  });
});
