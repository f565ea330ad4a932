import { setImmediate } from "node:timers/promises";
import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  DsqlConfigError,
  TransactionEndedError,
  TransactionRolledBackError,
  TransactionScopeError,
} from "dsql-core";
import * as kysely from "kysely";
import { CompiledQuery, sql } from "kysely";
import { describe, expect, test, vi } from "vitest";
import { cut, failure, nothing, type Reaction } from "../../dsql-core/test/scripted-server.ts";
import type { DsqlConnection } from "../src/dsql-connection.ts";
import { DsqlDriver } from "../src/index.ts";
import { useScriptedDatabase } from "./scripted-database.ts";

const { server, open, connect } = useScriptedDatabase();

const INSERT = CompiledQuery.raw("insert into account values (1)");
const SELECT = CompiledQuery.raw("select 1");
const PATIENT = { timeout: 20_000 };
const conflict = failure("40001", "change conflicts (OC000)");
/** A statement of the extended protocol: ReadyForQuery follows the client's Sync. */
const conflictInPortal: Reaction = (session) => session.error("40001", "change conflicts (OC000)");
/** COMMIT ends the transaction, also where it fails. */
const conflictAtCommit: Reaction = (session) => {
  session.error("40001", "change conflicts (OC000)");
  session.ready("I");
};

/** Runs a query on a connection that is taken for it alone. */
async function useOnce(driver: ReturnType<typeof open>["driver"], query = SELECT): Promise<void> {
  const connection = await driver.acquireConnection();
  await connection.executeQuery(query).finally(() => driver.releaseConnection(connection));
}

/** Waits for a connection's ReadyForQuery, which follows an error. */
async function isIdle(pool: ReturnType<typeof open>["pool"]): Promise<void> {
  await vi.waitFor(
    () => expect(pool.stats).toMatchObject({ idle: 1, total: 1, connectionsOpened: 1 }),
    PATIENT,
  );
}

async function isClosed(pool: ReturnType<typeof open>["pool"]): Promise<void> {
  await vi.waitFor(() => expect(pool.stats).toMatchObject({ total: 0, connectionsClosed: 1 }), PATIENT);
}

async function readAll(stream: AsyncIterable<{ rows: unknown[] }>): Promise<unknown[][]> {
  const chunks: unknown[][] = [];
  for await (const { rows } of stream) chunks.push(rows);
  return chunks;
}

/** Responds to CREATE INDEX ASYNC, or to what waits for it, with one row of one column. */
function row(tag: string, column: string, value: string, type = 25): Reaction {
  return (session) => {
    const rest = Buffer.alloc(18);
    rest.writeUInt32BE(type, 6);
    session.send("T", Buffer.concat([Buffer.from([0, 1]), Buffer.from(`${column}\0`), rest]));
    const length = Buffer.alloc(6);
    length.writeUInt16BE(1);
    length.writeUInt32BE(value.length, 2);
    session.send("D", Buffer.concat([length, Buffer.from(value)]));
    session.complete(tag);
    session.ready();
  };
}

describe("a connection", () => {
  test.each([
    ["both hooks", true, true, ["create", "reserve", "reserve"]],
    ["onCreateConnection alone", true, false, ["create"]],
    ["onReserveConnection alone", false, true, ["reserve", "reserve"]],
  ])("is shown to %s", async (_, create, reserve, expected) => {
    const calls: string[] = [];
    const { db } = open({
      onCreateConnection: create ? async () => void calls.push("create") : undefined,
      onReserveConnection: reserve ? async () => void calls.push("reserve") : undefined,
    });
    await sql`select 1`.execute(db);
    await sql`select 1`.execute(db);
    expect(calls).toEqual(expected);
  });

  test("is closed where a hook fails", async () => {
    const broken = new Error("not today");
    const onReserveConnection = vi.fn().mockRejectedValueOnce(broken).mockResolvedValue(undefined);
    const { db, pool } = open({ onReserveConnection });
    await expect(sql`select 1`.execute(db)).rejects.toBe(broken);
    expect(pool.stats.total).toBe(0);
    await sql`select 1`.execute(db);
    expect(pool.stats).toMatchObject({ total: 1, idle: 1, connectionsOpened: 2 });
  });

  test("that was being opened when Kysely was destroyed is closed", async () => {
    const { driver, pool } = open();
    let letIn = () => {};
    const arrived = new Promise<void>((resolve) => {
      server.nextLogin((session) => {
        letIn = () => session.letIn();
        resolve();
      });
    });
    await driver.init();
    const taken = driver.acquireConnection().then(
      () => "given",
      (error) => error,
    );
    await arrived;
    const destroyed = driver.destroy();
    letIn();
    expect(await taken).toBeInstanceOf(Error);
    await destroyed;
    expect(pool.stats.total).toBe(0);
  });

  test("cannot be taken before init or after destroy, which can be called at any time", async () => {
    const { driver, pool } = open();
    await driver.destroy();
    await expect(driver.acquireConnection()).rejects.toThrow("destroyed");
    await driver.init();
    await driver.destroy();
    await driver.destroy();
    await expect(driver.acquireConnection()).rejects.toThrow("destroyed");
    expect(pool.ended).toBe(true);
  });

  test("of a driver without a dialect is one of the pool that its options describe", async () => {
    const driver = new DsqlDriver({ ...server.connection });
    await driver.init();
    const connection = await driver.acquireConnection();
    expect((await connection.executeQuery(SELECT)).rows).toHaveLength(1);
    await driver.releaseConnection(connection);
    await driver.destroy();
  });

  test("tells which pool it comes from", async () => {
    const { connection, pool } = await connect();
    expect(connection.pool).toBe(pool);
  });

  test("sends nothing after its release, which happens once", async () => {
    const { driver, connection, pool } = await connect();
    await driver.releaseConnection(connection);
    await driver.releaseConnection(connection);
    for (const late of [
      connection.executeQuery(SELECT),
      readAll(connection.streamQuery(SELECT)),
      driver.commitTransaction(connection),
    ])
      await expect(late).rejects.toThrow(TransactionEndedError);
    await connection.killSession();
    expect(pool.stats).toMatchObject({ total: 1, idle: 1 });
    expect(server.received).toEqual([]);
  });

  test("that is lost rejects every later statement with the same error", async () => {
    const { connection } = await connect();
    server.next(/select/, cut);
    const lost = await connection.executeQuery(SELECT).catch((error) => error);
    expect(lost).toBeInstanceOf(ConnectionLostError);
    await expect(connection.executeQuery(SELECT)).rejects.toBe(lost);
  });

  test("that met an error of the server goes on", async () => {
    const { connection } = await connect();
    server.next(/select/, failure("42601"));
    await expect(connection.executeQuery(SELECT)).rejects.toMatchObject({ code: "42601" });
    expect((await connection.executeQuery(SELECT)).rows).toEqual([{ text: "select 1" }]);
  });
});

describe("a result", () => {
  test.each(["insert", "update", "delete", "merge"])("of %s has the number of changed rows", async (word) => {
    const { connection } = await connect();
    const query = CompiledQuery.raw(`${word} account`);
    expect(await connection.executeQuery(query)).toEqual({ numAffectedRows: 1n, rows: [] });
    server.next(/account/, (session) => {
      session.complete(word.toUpperCase());
      session.ready();
    });
    expect(await connection.executeQuery(query)).toEqual({ numAffectedRows: 0n, rows: [] });
  });

  test("of any other statement has none", async () => {
    const { connection } = await connect();
    expect(await connection.executeQuery(SELECT)).toEqual({ rows: [{ text: "select 1" }] });
    expect(await connection.executeQuery(CompiledQuery.raw("create table a (id int)"))).toEqual({ rows: [] });
  });

  test("of several statements is that of the last one", async () => {
    const { connection } = await connect();
    const result = await connection.executeQuery(CompiledQuery.raw("insert into a values (1); select 1"));
    expect(result).toEqual({ rows: [{ text: "select 1" }] });
  });
});

describe("a statement that met a conflict", () => {
  const retry = { maxAttempts: 2, backoff: () => 0 };

  test("is retried outside a transaction", async () => {
    const { connection } = await connect({ retry });
    server.next(/insert/, conflict);
    expect(await connection.executeQuery(INSERT)).toMatchObject({ numAffectedRows: 1n });
    server.next(/insert/, conflict);
    server.next(/insert/, conflict);
    await expect(connection.executeQuery(INSERT)).rejects.toMatchObject({ attempts: 2 });
    expect(server.received).toHaveLength(4);
  });

  test("is not retried after an abort", async () => {
    const { connection } = await connect({ retry });
    const abort = new AbortController();
    server.next(/insert/, (session, text) => {
      abort.abort(new Error("enough"));
      conflict(session, text);
    });
    await expect(connection.executeQuery(INSERT, { signal: abort.signal })).rejects.toThrow("enough");
    expect(server.received).toHaveLength(1);
  });

  test("is not retried with autocommitRetry: false", async () => {
    const { connection } = await connect({ retry, autocommitRetry: false });
    server.next(/insert/, conflict);
    await expect(connection.executeQuery(INSERT)).rejects.toMatchObject({ code: "40001" });
    expect(server.received).toHaveLength(1);
  });

  test.each(["driver", "plain SQL"])("is not retried in a transaction that %s has begun", async (by) => {
    const { driver, connection } = await connect({ retry });
    if (by === "driver") await driver.beginTransaction(connection, {});
    else await connection.executeQuery(CompiledQuery.raw("begin"));
    server.next(/insert/, conflict);
    await expect(connection.executeQuery(INSERT)).rejects.toMatchObject({ code: "40001" });
    // The transaction has failed now, which is no way out of it.
    server.next(/insert/, conflict);
    await expect(connection.executeQuery(INSERT)).rejects.toMatchObject({ code: "40001" });
    expect(server.received).toHaveLength(3);
    await driver.rollbackTransaction(connection);
    expect(server.received).toHaveLength(4);
  });
});

describe("an asynchronous index", () => {
  const CREATE = CompiledQuery.raw("create index async on account (balance)");
  const started = row("CREATE", "job_id", "abcdefghijklmnopqrstuvwxyz");
  const succeeded = row("CALL", "succeeded", "t", 16);

  test("is waited for with waitForIndexes, through a conflict", async () => {
    const { connection } = await connect({ waitForIndexes: true, retry: { backoff: () => 0 } });
    server.next(/create/, started);
    server.next(/CALL/, conflict);
    server.next(/CALL/, succeeded);
    await connection.executeQuery(CREATE);
    const call = "CALL sys.wait_for_job('abcdefghijklmnopqrstuvwxyz')";
    expect(server.received).toEqual([CREATE.sql, call, call]);
  });

  test("is not waited for without it, nor inside a transaction", async () => {
    const { connection } = await connect();
    server.next(/create/, started);
    await connection.executeQuery(CREATE);
    expect(server.received).toEqual([CREATE.sql]);
    const waiting = await connect({ waitForIndexes: true });
    await waiting.driver.beginTransaction(waiting.connection, {});
    server.next(/create/, started);
    await waiting.connection.executeQuery(CREATE);
    expect(server.session.received).toEqual(["begin", CREATE.sql]);
  });

  test("is the only thing that is waited for", async () => {
    const { connection } = await connect({ waitForIndexes: true });
    await connection.executeQuery(CompiledQuery.raw("create table account (id text)"));
    server.next(/insert/, row("INSERT 0 1", "job_id", "abcdefghijklmnopqrstuvwxyz"));
    await connection.executeQuery(INSERT);
    expect(server.received).toHaveLength(2);
  });
});

describe("a stream", () => {
  const rows = (count: number) => CompiledQuery.raw(`rows ${count}`);
  const texts = (...values: number[]) => values.map((value) => ({ text: String(value) }));

  test("reads its rows in chunks, and leaves the connection fit for use", async () => {
    const { driver, connection } = await connect();
    expect(await readAll(connection.streamQuery(rows(3), 2))).toEqual([texts(3, 2), texts(1)]);
    await driver.releaseConnection(connection);
    await useOnce(driver);
    expect(server.sessions).toHaveLength(1);
  });

  test("that is left early closes its cursor", async () => {
    const { connection } = await connect();
    for await (const chunk of connection.streamQuery(rows(3), 1)) {
      expect(chunk.rows).toEqual(texts(3));
      break;
    }
    expect(await connection.executeQuery(SELECT)).toEqual({ rows: [{ text: "select 1" }] });
  });

  test("is retried after a conflict before its first row, outside a transaction", async () => {
    const { driver, connection } = await connect({ retry: { backoff: () => 0 } });
    server.next(/rows/, conflictInPortal);
    expect(await readAll(connection.streamQuery(rows(1), 2))).toEqual([texts(1)]);
    await driver.beginTransaction(connection, {});
    server.next(/rows/, conflictInPortal);
    await expect(readAll(connection.streamQuery(rows(1), 2))).rejects.toMatchObject({ code: "40001" });
  });

  test("is not retried after an abort", async () => {
    const { connection } = await connect({ retry: { backoff: () => 0 } });
    server.next(/rows/, conflictInPortal);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(readAll(connection.streamQuery(rows(1), 2, { signal }))).rejects.toThrow("enough");
  });
});

describe("killSession", () => {
  /** The reason of an abort, after a statement was killed while it ran. */
  async function killed(
    query: CompiledQuery,
    reason: unknown = new Error("no longer wanted"),
    prepare: (given: {
      driver: ReturnType<typeof open>["driver"];
      connection: DsqlConnection;
    }) => unknown = () => {},
  ): Promise<unknown> {
    const { driver, pool, connection } = await connect();
    await prepare({ driver, connection });
    const arrived = new Promise<void>((resolve) => {
      server.next(/account|select/, (session, text) => {
        nothing(session, text);
        resolve();
      });
    });
    const abort = new AbortController();
    const running = connection.executeQuery(query, { signal: abort.signal });
    const failed = expect(running).rejects.toBeDefined();
    await arrived;
    abort.abort(reason);
    const end = connection.killSession();
    server.session.cut();
    await end;
    await failed;
    await driver.releaseConnection(connection);
    expect(pool.stats.total).toBe(0);
    return reason;
  }

  test("reports the outcome of a write outside a transaction as unknown", async () => {
    const reason = (await killed(INSERT)) as Error;
    expect(reason.cause).toBeInstanceOf(CommitOutcomeUnknownError);
    expect(Object.getOwnPropertyDescriptor(reason, "cause")).toMatchObject({
      configurable: true,
      writable: true,
      enumerable: false,
    });
  });

  test("reports nothing of a read, nor inside a transaction", async () => {
    expect(await killed(SELECT)).not.toHaveProperty("cause");
    const inside = await killed(INSERT, undefined, ({ driver, connection }) =>
      driver.beginTransaction(connection, {}),
    );
    expect(inside).not.toHaveProperty("cause");
  });

  test("leaves a reason alone that is no error, has a cause, or is frozen", async () => {
    const cause = new Error("mine");
    expect(await killed(INSERT, new Error("has one", { cause }))).toHaveProperty("cause", cause);
    expect(await killed(INSERT, Object.freeze(new Error("frozen")))).not.toHaveProperty("cause");
    const text = { message: "a reason of its own" };
    expect(await killed(INSERT, text)).not.toHaveProperty("cause");
  });

  test("closes a connection that does nothing, whose last write is known", async () => {
    const { driver, connection, pool } = await connect();
    const abort = new AbortController();
    await connection.executeQuery(INSERT, { signal: abort.signal });
    const reason = new Error("late");
    abort.abort(reason);
    await connection.killSession();
    expect(reason).not.toHaveProperty("cause");
    await driver.releaseConnection(connection);
    expect(pool.stats.total).toBe(0);
  });
});

describe("a transaction", () => {
  test.each([
    [{}, "begin"],
    [{ accessMode: "read only" }, "begin read only"],
    [{ isolationLevel: "repeatable read" }, "begin isolation level repeatable read"],
    [
      { isolationLevel: "repeatable read", accessMode: "read write" },
      "begin isolation level repeatable read read write",
    ],
  ] as const)("with %o begins with %s", async (settings, statement) => {
    const { driver, connection } = await connect();
    await driver.beginTransaction(connection, settings);
    expect(server.received).toEqual([statement]);
  });

  test("refuses another isolation level before anything is sent", async () => {
    const { driver, connection } = await connect();
    const refused = driver.beginTransaction(connection, { isolationLevel: "serializable" });
    await expect(refused).rejects.toThrow(DsqlConfigError);
    expect(server.received).toEqual([]);
  });

  test("keeps its connection after a BEGIN that was refused, and closes it where its state is unknown", async () => {
    const { driver, connection, pool, acquire } = await connect();
    server.next(/begin/, failure("42501"));
    await expect(driver.beginTransaction(connection, {})).rejects.toMatchObject({ code: "42501" });
    await driver.releaseConnection(connection);
    await isIdle(pool);
    const second = await acquire();
    server.next(/begin/, cut);
    await expect(driver.beginTransaction(second, {})).rejects.toThrow();
    await driver.releaseConnection(second);
    await isClosed(pool);
  });

  test("is not entered on a connection that was released meanwhile", async () => {
    const { driver, connection } = await connect();
    await driver.releaseConnection(connection);
    connection.enterTransaction();
    await expect(connection.executeQuery(SELECT)).rejects.toThrow(TransactionEndedError);
  });

  test("refuses COMMIT and ROLLBACK in its work, and everything after its end", async () => {
    const { driver, connection } = await connect();
    await driver.beginTransaction(connection, {});
    for (const word of ["commit", "rollback"])
      await expect(connection.executeQuery(CompiledQuery.raw(word))).rejects.toThrow(TransactionScopeError);
    server.next(/commit/, conflictAtCommit);
    const committing = driver.commitTransaction(connection);
    await expect(connection.executeQuery(SELECT)).rejects.toThrow(TransactionEndedError);
    await expect(committing).rejects.toMatchObject({ code: "40001" });
    expect(server.received).toEqual(["begin", "commit"]);
  });

  test("refuses everything from its ROLLBACK on", async () => {
    const { driver, connection } = await connect();
    await driver.beginTransaction(connection, {});
    const rolledBack = driver.rollbackTransaction(connection);
    await expect(connection.executeQuery(SELECT)).rejects.toThrow(TransactionEndedError);
    await rolledBack;
    expect(server.received).toEqual(["begin", "rollback"]);
  });

  test("releases its connection for another use after COMMIT and after ROLLBACK", async () => {
    const { driver, connection, pool } = await connect();
    for (const end of ["commitTransaction", "rollbackTransaction"] as const) {
      await driver.beginTransaction(connection, {});
      await connection.executeQuery(INSERT);
      await driver[end](connection);
      await connection.executeQuery(SELECT);
    }
    await driver.releaseConnection(connection);
    expect(pool.stats).toMatchObject({ idle: 1, connectionsOpened: 1 });
    const sent = (end: string) => ["begin", INSERT.sql, end, SELECT.sql];
    expect(server.received).toEqual([...sent("commit"), ...sent("rollback")]);
  });

  test("that plain SQL has begun can be ended by the driver", async () => {
    const { driver, connection, pool } = await connect();
    await connection.executeQuery(CompiledQuery.raw("begin"));
    await driver.rollbackTransaction(connection);
    await driver.releaseConnection(connection);
    expect(pool.stats.idle).toBe(1);
    expect(server.received).toEqual(["begin", "rollback"]);
  });

  test("whose ROLLBACK fails closes its connection", async () => {
    const { driver, connection, pool } = await connect();
    await driver.beginTransaction(connection, {});
    server.next(/rollback/, failure("XX000"));
    await driver.rollbackTransaction(connection);
    await driver.releaseConnection(connection);
    await isClosed(pool);
  });

  test.each(["commitTransaction", "rollbackTransaction"] as const)(
    "does not wait for a statement that is still running at %s, and closes its connection",
    async (end) => {
      const { driver, connection, pool } = await connect();
      await driver.beginTransaction(connection, {});
      const arrived = new Promise<void>((resolve) => {
        server.next(/select/, (session, text) => {
          nothing(session, text);
          resolve();
        });
      });
      const running = connection.executeQuery(SELECT).catch((error) => error);
      await arrived;
      const ended = driver[end](connection);
      if (end === "commitTransaction") await expect(ended).rejects.toThrow(TransactionRolledBackError);
      else await ended;
      await driver.releaseConnection(connection);
      await isClosed(pool);
      await running;
      expect(server.received).toEqual(["begin", SELECT.sql]);
    },
  );
});

describe("a COMMIT that fails", () => {
  const begin = async (options: Parameters<typeof connect>[0] = {}) => {
    const given = await connect(options);
    await given.driver.beginTransaction(given.connection, {});
    await given.connection.executeQuery(INSERT);
    return given;
  };

  test("leaves nothing to roll back, and keeps the connection where its state is known", async () => {
    const { db, pool } = open();
    server.next(/commit/, conflictAtCommit);
    const failed = db.transaction().execute((trx) => trx.executeQuery(INSERT));
    await expect(failed).rejects.toMatchObject({ code: "40001" });
    expect(server.received).toEqual(["begin", INSERT.sql, "commit"]);
    await isIdle(pool);
  });

  test("leaves a connection that was taken for more than the transaction fit for use", async () => {
    const { db } = open();
    await db.connection().execute(async (connection) => {
      server.next(/commit/, conflictAtCommit);
      const failed = connection.transaction().execute((trx) => trx.executeQuery(INSERT));
      await expect(failed).rejects.toMatchObject({ code: "40001" });
      await setImmediate();
      await setImmediate();
      await connection.executeQuery(SELECT);
    });
    expect(server.received).toEqual(["begin", INSERT.sql, "commit", SELECT.sql]);
  });

  test("releases the connection of a controlled transaction by itself", async () => {
    const { db, pool } = open();
    const trx = await db.startTransaction().execute();
    server.next(/commit/, conflictAtCommit);
    await expect(trx.commit().execute()).rejects.toMatchObject({ code: "40001" });
    expect(trx.isRolledBack).toBe("AbortedTransactionError" in kysely);
    await isIdle(pool);
    await trx.rollback().execute();
    expect(server.received).toEqual(["begin", "commit"]);
  });

  test("closes the connection where its outcome is unknown, of a controlled transaction by itself", async () => {
    const { driver, connection, pool } = await begin();
    server.next(/commit/, (session) => session.error("XX000", "lost its mind", { severity: "FATAL" }));
    await expect(driver.commitTransaction(connection)).rejects.toThrow();
    expect(pool.stats.total).toBe(1);
    await isClosed(pool);
  });

  test("leaves the connection to whoever calls rollback at once", async () => {
    const { driver, connection, pool } = await begin();
    server.next(/commit/, cut);
    await expect(driver.commitTransaction(connection)).rejects.toThrow(CommitOutcomeUnknownError);
    await driver.rollbackTransaction(connection);
    await setImmediate();
    await setImmediate();
    expect(pool.stats.total).toBe(1);
    await driver.releaseConnection(connection);
    await isClosed(pool);
  });

  test("does not keep a later transaction on its connection from being rolled back", async () => {
    const { driver, connection } = await begin();
    server.next(/commit/, conflictAtCommit);
    await expect(driver.commitTransaction(connection)).rejects.toMatchObject({ code: "40001" });
    await driver.rollbackTransaction(connection);
    await driver.beginTransaction(connection, {});
    await driver.rollbackTransaction(connection);
    expect(server.received.slice(-3)).toEqual(["commit", "begin", "rollback"]);
    // What comes next is not of a transaction.
    await connection.executeQuery(SELECT);
  });

  test("because the connection was released before is reported", async () => {
    const { driver, connection } = await connect();
    await driver.beginTransaction(connection, {});
    await driver.releaseConnection(connection);
    await expect(driver.commitTransaction(connection)).rejects.toThrow(TransactionEndedError);
  });
});
