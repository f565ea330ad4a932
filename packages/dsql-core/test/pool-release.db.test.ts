import Cursor from "pg-cursor";
import { beforeEach, describe, expect, test } from "vitest";
import { ConnectionLostError, PoolTimeoutError } from "../src/index.ts";
import { COUNTERS, counted, increment, resetCounter, useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase(COUNTERS);
beforeEach(() => resetCounter(database));

describe("a connection that is released", () => {
  test.each([
    ["with an open transaction", ["BEGIN", increment]],
    ["with a failed transaction", ["BEGIN", "SELECT nonsense"]],
  ])("%s is closed, and the transaction is rolled back", async (_what, texts) => {
    const db = database.pool({ max: 1 });
    const client = await db.connect();
    for (const text of texts) await client.query(text).catch(() => {});
    client.release();
    await db.query("SELECT 1");
    expect(db.stats).toMatchObject({ connectionsOpened: 2, connectionsClosed: 1 });
    expect(await counted(database)).toBe(0);
  });

  test("while a statement or a cursor is running is closed", async () => {
    const db = database.pool({ max: 1 });
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

  test("right after an error, before the end of the response, is reused", async () => {
    const db = database.pool({ max: 1 });
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
    const client = await database.pool().connect();
    client.release();
    expect(() => client.release()).toThrow("already been released");
  });

  test("with an error or true is closed", async () => {
    const db = database.pool({ max: 1 });
    for (const reason of [true, new Error("no good")]) (await db.connect()).release(reason);
    await db.query("SELECT 1");
    expect(db.stats.connectionsOpened).toBe(3);
  });
});

describe("waiting for a connection", () => {
  test("times out with the state of the pool", async () => {
    const db = database.pool({ max: 2, connectionTimeoutMillis: 200 });
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

  test("times out without a token, and says so", async () => {
    const db = database.pool({ connectionTimeoutMillis: 50, credentials: () => new Promise(() => {}) });
    const failed = db.query("SELECT 1");
    await expect(failed).rejects.toThrow(/1 being opened \(waiting for a token\)/);
    await expect(failed).rejects.toMatchObject({
      pool: { total: 1, idle: 0, waiting: 1, slowestTokenMs: expect.any(Number) },
    });
  });

  test("times out if the cluster accepts no connections, with the cluster's error", async () => {
    database.local.faults.refuseConnections("53300", 100);
    const failed = database.pool({ connectionTimeoutMillis: 250 }).query("SELECT 1");
    await expect(failed).rejects.toMatchObject({ code: "DSQL_POOL_TIMEOUT", cause: { code: "53300" } });
  });

  test("does not fail for a new caller when a login that began for another fails", async () => {
    const db = database.pool({ connectionTimeoutMillis: 300 });
    database.local.faults.refuseConnections("53400", 100);
    await expect(db.query("SELECT 1")).rejects.toThrow(PoolTimeoutError);
    const next = db.query("SELECT 1 AS one");
    database.local.faults.clear();
    expect((await next).rows).toEqual([{ one: 1 }]);
  });

  test("is first come, first served", async () => {
    const db = database.pool({ max: 1 });
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map((n) => db.query("SELECT 1").then(() => order.push(n))));
    expect(order).toEqual([1, 2, 3, 4]);
    expect(db.stats.connectionsOpened).toBe(1);
  });

  test("ends for each caller with its own connection's error", async () => {
    const db = database.pool({
      max: 3,
      credentials: { ...database.local.credentials, secretAccessKey: "wrong" },
    });
    const all = await Promise.allSettled(Array.from({ length: 9 }, () => db.query("SELECT 1")));
    for (const one of all) expect(one).toMatchObject({ status: "rejected", reason: { code: "08006" } });
    expect(db.stats).toMatchObject({ total: 0, waiting: 0 });
  });
});
