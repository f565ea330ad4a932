import { type LocalDsql, startLocalDsql } from "dsql-local";
import { DatabaseError, Pool, Query } from "pg";
import Cursor from "pg-cursor";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  DsqlPool,
  type DsqlPoolOptions,
  DsqlTokenError,
  NestedTransactionError,
  PoolEndedError,
  PoolTimeoutError,
} from "../src/index.ts";

let local: LocalDsql;
const pools: DsqlPool[] = [];

beforeAll(async () => {
  local = await startLocalDsql();
  await pool().query("CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)");
});
beforeEach(async () => {
  await pool().query("DELETE FROM counters");
  await pool().query("INSERT INTO counters VALUES (1, 0)");
});
afterEach(async () => {
  local.faults.clear();
  for (const one of pools.splice(0)) await one.end();
});
afterAll(async () => {
  await local.stop();
});

function pool(options: DsqlPoolOptions = {}): DsqlPool {
  const made = new DsqlPool({ ...local.connection, ...options });
  pools.push(made);
  return made;
}

const increment = "UPDATE counters SET n = n + 1 WHERE id = 1";
const counted = async () => (await pool().query("SELECT n FROM counters")).rows[0].n;

describe("pool.query", () => {
  test("is that of a pg.Pool, in every form", async () => {
    const db = pool({ max: 1 });
    expect(db).toBeInstanceOf(Pool);
    expect((await db.query("SELECT $1::int AS n", [1])).rows).toEqual([{ n: 1 }]);
    expect((await db.query({ text: "SELECT $1::int AS n", values: [2], rowMode: "array" })).rows).toEqual([
      [2],
    ]);
    expect((await db.query({ name: "three", text: "SELECT 3 AS n" })).rows).toEqual([{ n: 3 }]);
    const called = await new Promise((resolve) =>
      db.query("SELECT 4 AS n", (_error, { rows }) => resolve(rows)),
    );
    expect(called).toEqual([{ n: 4 }]);
    const submitted = await (db.query(new Query("SELECT 5 AS n")) as unknown as Promise<{ rows: unknown[] }>);
    expect(submitted.rows).toEqual([{ n: 5 }]);
    expect(db.stats).toMatchObject({ connectionsOpened: 1, tokensSigned: 1, total: 1, idle: 1 });
  });

  test("keeps its connection when a statement fails", async () => {
    const db = pool();
    for (let i = 0; i < 100; i++) {
      await expect(db.query("INSERT INTO counters VALUES (1, 1)")).rejects.toThrow(DatabaseError);
      await expect(db.query("SELECT $1::int", ["nonsense"])).rejects.toThrow(DatabaseError);
      await expect(db.query("SELECT $1", "no list" as never)).rejects.toThrow("must be an array");
    }
    const refuses = {
      toPostgres: () => {
        throw new Error("cannot be written");
      },
    };
    await expect(db.query("SELECT $1", [refuses])).rejects.toThrow("cannot be written");
    expect((await db.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(db.stats.connectionsOpened).toBeLessThanOrEqual(2);
  });

  test("shows the caller in the stack of an error", async () => {
    const theCaller = async () => await pool().query("SELECT nonsense");
    await expect(theCaller()).rejects.toMatchObject({ stack: /theCaller/ });
  });

  test.each(["OC000", "OC001"] as const)(
    "runs a statement again that met %s, which DSQL rolled back whole",
    async (code) => {
      const retries: unknown[] = [];
      const db = pool({ retry: { onRetry: (event) => retries.push(event.occType) } });
      local.faults.conflictCommits(3, code);
      await db.query(increment);
      expect(await counted()).toBe(1);
      expect(retries).toEqual(Array(3).fill(code === "OC000" ? "data" : "schema"));
    },
  );

  test("runs no statement again with autocommitRetry: false", async () => {
    local.faults.conflictCommits(1);
    await expect(pool({ autocommitRetry: false }).query(increment)).rejects.toMatchObject({ code: "40001" });
    expect(local.faults.counts.conflict).toBe(1);
  });

  test("runs nothing again that may have committed or handed out rows before the conflict", async () => {
    const db = pool();
    local.faults.conflictCommits(1);
    await expect(db.query(`BEGIN; ${increment}; COMMIT`)).rejects.toMatchObject({ code: "40001" });
    local.faults.conflictCommits(1);
    const query = db.query(new Query(increment)) as unknown as Promise<unknown>;
    await expect(query).rejects.toMatchObject({ code: "40001" });
    expect(await counted()).toBe(0);
  });

  test("never runs a statement again whose outcome is unknown", async () => {
    local.faults.cutConnection("after-commit");
    await expect(pool().query(increment)).rejects.toThrow(CommitOutcomeUnknownError);
    expect(await counted()).toBe(1);
  });

  test("works on while credentials are away, as long as a connection is open", async () => {
    let away = false;
    const credentials = async () => {
      if (away) throw new Error("the metadata service is away");
      return local.credentials;
    };
    const db = pool({ credentials, tokenDurationSecs: 1, max: 2 });
    const held = await db.connect();
    await db.query("SELECT 1");
    away = true;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (let i = 0; i < 10; i++) await db.query("SELECT 1");
    held.release();
    await db.drain();
    await expect(db.query("SELECT 1")).rejects.toThrow(DsqlTokenError);
    away = false;
    await db.query("SELECT 1");
  });
});

describe("a connection that comes back", () => {
  test.each([
    ["with an open transaction", ["BEGIN", increment]],
    ["with a failed transaction", ["BEGIN", "SELECT nonsense"]],
  ])("%s is closed, and the transaction undone", async (_what, texts) => {
    const db = pool({ max: 1 });
    const client = await db.connect();
    for (const text of texts) await client.query(text).catch(() => {});
    client.release();
    await db.query("SELECT 1");
    expect(db.stats).toMatchObject({ connectionsOpened: 2, connectionsClosed: 1 });
    expect(await counted()).toBe(0);
  });

  test("in the middle of a statement or of a cursor is closed", async () => {
    const db = pool({ max: 1 });
    const client = await db.connect();
    const slow = client.query("SELECT pg_sleep(20)");
    client.release();
    await expect(slow).rejects.toThrow(ConnectionLostError);
    const other = await db.connect();
    const cursor = new Cursor("SELECT generate_series(1, 1000)");
    other.query(cursor as never);
    await cursor.read(10);
    other.release();
    await db.query("SELECT 1");
    expect(db.stats.connectionsOpened).toBe(3);
  });

  test("right after an error, on which its answer has still to end, is used again", async () => {
    const db = pool({ max: 1 });
    for (let i = 0; i < 20; i++) {
      const client = await db.connect();
      await new Promise<void>((resolve) => {
        client.query("SELECT nonsense", () => {
          client.release();
          resolve();
        });
      });
    }
    expect(db.stats.connectionsOpened).toBe(1);
  });

  test("twice is refused", async () => {
    const client = await pool().connect();
    client.release();
    expect(() => client.release()).toThrow("already been released");
  });

  test("with an error or true is closed", async () => {
    const db = pool({ max: 1 });
    for (const reason of [true, new Error("no good")]) (await db.connect()).release(reason);
    await db.query("SELECT 1");
    expect(db.stats.connectionsOpened).toBe(3);
  });
});

describe("waiting for a connection", () => {
  test("fails in time with what the pool was doing", async () => {
    const db = pool({ max: 2, connectionTimeoutMillis: 200 });
    const held = [await db.connect(), await db.connect()];
    const [first, second] = await Promise.allSettled([db.query("SELECT 1"), db.connect()]);
    for (const { reason } of [first, second] as PromiseRejectedResult[]) {
      expect(reason).toBeInstanceOf(PoolTimeoutError);
      expect(reason).toMatchObject({ code: "DSQL_POOL_TIMEOUT", pool: { total: 2, idle: 0, max: 2 } });
    }
    expect(String((first as PromiseRejectedResult).reason)).toMatch(
      /2 of 2 connections, 0 idle; 2 callers waiting; slowest token \d+ ms/,
    );
    for (const client of held) client.release();
    await db.query("SELECT 1");
    expect(db.stats).toMatchObject({ waiting: 0, connectionsOpened: 2 });
  });

  test("covers a token that never comes, and says so", async () => {
    const db = pool({ connectionTimeoutMillis: 50, credentials: () => new Promise(() => {}) });
    const failed = db.query("SELECT 1");
    await expect(failed).rejects.toThrow(/1 being opened \(waiting for a token\)/);
    await expect(failed).rejects.toMatchObject({
      pool: { total: 1, idle: 0, waiting: 1, slowestTokenMs: expect.any(Number) },
    });
  });

  test("covers a cluster that takes no connections, and tells what it said", async () => {
    local.faults.refuseConnections("53300", 100);
    const failed = pool({ connectionTimeoutMillis: 250 }).query("SELECT 1");
    await expect(failed).rejects.toMatchObject({ code: "DSQL_POOL_TIMEOUT", cause: { code: "53300" } });
  });

  test("is first come, first served", async () => {
    const db = pool({ max: 1 });
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map((n) => db.query("SELECT 1").then(() => order.push(n))));
    expect(order).toEqual([1, 2, 3, 4]);
    expect(db.stats.connectionsOpened).toBe(1);
  });

  test("ends for each caller with the error that its connection failed with", async () => {
    const db = pool({ max: 3, credentials: { ...local.credentials, secretAccessKey: "wrong" } });
    const all = await Promise.allSettled(Array.from({ length: 9 }, () => db.query("SELECT 1")));
    for (const one of all) expect(one).toMatchObject({ status: "rejected", reason: { code: "08006" } });
    expect(db.stats).toMatchObject({ total: 0, waiting: 0 });
  });
});

describe("the life of a connection", () => {
  test("ends at its lifetime, and another takes its place", async () => {
    const db = pool({ maxLifetimeSeconds: 1, max: 1 });
    await db.query("SELECT 1");
    await new Promise((resolve) => setTimeout(resolve, 1010));
    await db.query("SELECT 1");
    expect(db.stats).toMatchObject({ connectionsOpened: 2, total: 1 });
  });

  test("ends after the idle timeout, except for `min` connections", async () => {
    const db = pool({ idleTimeoutMillis: 30, min: 1, max: 3 });
    const removed = new Promise((resolve) => db.on("remove", resolve));
    await db.warmUp(3);
    expect(db.stats).toMatchObject({ total: 3, idle: 3, connectionsOpened: 3, tokensSigned: 1 });
    await removed;
    await expect.poll(() => db.totalCount).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(db.stats).toMatchObject({ total: 1, idle: 1, connectionsOpened: 3 });
  });

  test("of one of `min` connections is followed by another, once the pool is warm", async () => {
    const db = pool({ min: 2 });
    await db.warmUp();
    expect(db.stats).toMatchObject({ total: 2, idle: 2 });
    (await db.connect()).release(true);
    await expect.poll(() => db.stats).toMatchObject({ idle: 2, connectionsOpened: 3 });
  });

  test("ends after maxUses", async () => {
    const db = pool({ max: 1, maxUses: 2 });
    for (let i = 0; i < 4; i++) await db.query("SELECT 1");
    await expect.poll(() => db.stats).toMatchObject({ connectionsOpened: 2, connectionsClosed: 2 });
  });

  test("ends with a drain, after which the pool goes on", async () => {
    const db = pool();
    const borrowed = await db.connect();
    await db.warmUp(3);
    const drained = db.drain();
    await borrowed.query("SELECT 1");
    borrowed.release();
    await drained;
    expect(db.stats).toMatchObject({ total: 0, connectionsOpened: 3, connectionsClosed: 3 });
    await db.query("SELECT 1");
    expect(db.stats.connectionsOpened).toBe(4);
  });

  test("is one of its own for each, within the last eleventh of the longest", async () => {
    const { PooledConnection } = await import("../src/connection/pooled-connection.ts");
    const client = await pool().connect();
    const lives = Array.from({ length: 200 }, () => {
      const made = new PooledConnection(client, { generation: 0, maxLifetimeMs: 3_300_000, nowMs: 0 });
      return made.expiresAtMs / 60_000;
    });
    client.release();
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...lives)).toBeLessThanOrEqual(55);
    expect(new Set(lives).size).toBeGreaterThan(100);
  });
});

describe("the end of a pool", () => {
  test("waits for those who use a connection, refuses those who wait, and may be called again", async () => {
    const db = pool({ max: 1 });
    const client = await db.connect();
    const waiting = db.query("SELECT 1");
    const ended = db.end();
    await expect(waiting).rejects.toThrow(PoolEndedError);
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    client.release();
    await ended;
    await db.end();
    expect(db).toMatchObject({ ending: true, ended: true, totalCount: 0 });
  });

  test("lets no credentials be asked for any more", async () => {
    let asked = 0;
    const db = pool({
      credentials: async () => {
        asked++;
        return local.credentials;
      },
    });
    await db.end();
    await expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "DSQL_POOL_ENDED" });
    await expect(db.connect()).rejects.toThrow("after calling end");
    await expect(db.transactionWithRetry(async () => {})).rejects.toThrow(PoolEndedError);
    expect(asked).toBe(0);
  });

  test("does not wait for a token", async () => {
    const db = pool({ credentials: () => new Promise(() => {}) });
    const waiting = db.query("SELECT 1");
    const ended = db.end();
    await expect(waiting).rejects.toThrow(PoolEndedError);
    await ended;
  });
});

describe("pool.transactionWithRetry", () => {
  test("runs again after conflicts and lost connections, and commits once", async () => {
    const db = pool();
    local.faults.conflictCommits(2);
    local.faults.cutConnection("before-begin");
    local.faults.cutConnection("in-statement");
    const reasons: string[] = [];
    const onRetry = ({ reason }: { reason: string }) => reasons.push(reason);
    const result = await db.transactionWithRetry(async (client) => (await client.query(increment)).rowCount, {
      onRetry,
    });
    expect(result).toBe(1);
    expect(reasons.toSorted()).toEqual(["conflict", "conflict", "connection-lost", "connection-lost"]);
    expect(await counted()).toBe(1);
  });

  test("looks with verifyCommit before it runs a COMMIT of unknown outcome again", async () => {
    const db = pool();
    const work = async (client: { query(text: string): Promise<unknown> }) => {
      await client.query(increment);
      return "done";
    };
    for (const [point, after] of [
      ["before-commit", 1],
      ["after-commit", 2],
    ] as const) {
      const before = after - 1;
      local.faults.cutConnection(point);
      const verifyCommit = async () => (await counted()) !== before;
      expect(await db.transactionWithRetry(work, { verifyCommit })).toBe("done");
      expect(await counted()).toBe(after);
    }
    local.faults.cutConnection("after-commit");
    await expect(db.transactionWithRetry(work)).rejects.toThrow(CommitOutcomeUnknownError);
    expect(await counted()).toBe(3);
  });

  test("refuses a transaction inside it on the same connection, and commits the outer one", async () => {
    const db = pool();
    await db.transactionWithRetry(async (client) => {
      await client.query(increment);
      await expect(client.transactionWithRetry(async () => {})).rejects.toThrow(NestedTransactionError);
      await expect(client.query("BEGIN")).rejects.toThrow(NestedTransactionError);
      await client.query(increment);
    });
    expect(await counted()).toBe(2);
  });

  test("keeps its connections through conflicts and errors of the work", async () => {
    const db = pool({ max: 1 });
    local.faults.conflictCommits(5);
    await db.transactionWithRetry((client) => client.query(increment));
    await expect(db.transactionWithRetry(() => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    await expect(db.transactionWithRetry((client) => client.query("SELECT nonsense"))).rejects.toThrow(
      DatabaseError,
    );
    expect(db.stats).toMatchObject({ connectionsOpened: 1, idle: 1 });
  });

  test("is what drizzle-orm calls as transaction, with the retries counted its way", async () => {
    local.faults.conflictCommits(2);
    const failed = pool().transaction((client) => client.query(increment), { maxRetries: 1 });
    await expect(failed).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 });
    local.faults.conflictCommits(1);
    await pool().transaction((client) => client.query(increment), { maxRetries: 1 });
    expect(await counted()).toBe(1);
  });
});
