import { setTimeout } from "node:timers/promises";
import Cursor from "pg-cursor";
import { beforeEach, describe, expect, test } from "vitest";
import { type DsqlPool, TransactionRolledBackError } from "../src/index.ts";
import { COUNTERS, counted, increment, resetCounter, useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase(COUNTERS);
beforeEach(() => resetCounter(database));

const SLOW = "SELECT pg_sleep(60)";
/** Milliseconds that nothing here may take; a statement that would be awaited takes a minute. */
const PATIENCE_MS = 20_000;

/** A pool on which a first transaction has opened the connection. */
async function warmPool(): Promise<DsqlPool> {
  const pool = database.pool({ max: 1 });
  await pool.query("SELECT 1");
  return pool;
}

describe("work that ends while one of its statements is running", () => {
  test("with an error is rolled back at once, by closing the connection", {
    timeout: PATIENCE_MS,
  }, async () => {
    const pool = await warmPool();
    const mine = new Error("took too long");
    const run = pool.transactionWithRetry(async (client) => {
      await client.query(increment);
      await Promise.race([client.query(SLOW), setTimeout(20).then(() => Promise.reject(mine))]);
    });
    await expect(run).rejects.toBe(mine);
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(pool.stats).toMatchObject({ connectionsOpened: 2, connectionsClosed: 1 });
    expect(await counted(database)).toBe(0);
    await pool.end();
  });

  test("with a result is rolled back, and rejects", { timeout: PATIENCE_MS }, async () => {
    const pool = await warmPool();
    let runs = 0;
    const run = pool.transactionWithRetry(async (client) => {
      runs++;
      await client.query(increment);
      client.query(SLOW).catch(() => {});
      return "done";
    });
    await expect(run).rejects.toThrow(TransactionRolledBackError);
    await expect(run).rejects.toThrow("Await every statement");
    expect([runs, await counted(database)]).toEqual([1, 0]);
    await pool.end();
  });

  test("or a cursor is open is rolled back, and the pool can end", { timeout: PATIENCE_MS }, async () => {
    const pool = await warmPool();
    const run = pool.transactionWithRetry(async (client) => {
      await client.query(increment);
      const cursor = client.query(
        new Cursor("SELECT generate_series(1, 1000)") as never,
      ) as unknown as Cursor;
      await cursor.read(1);
    });
    await expect(run).rejects.toThrow(TransactionRolledBackError);
    await pool.end();
    expect(await counted(database)).toBe(0);
  });

  test("keeps its connection if the transaction has failed already", async () => {
    const pool = await warmPool();
    let others: Promise<unknown> | undefined;
    const run = pool.transactionWithRetry(async (client) => {
      const failing = client.query("SELECT nonsense");
      others = Promise.allSettled([1, 2, 3].map(() => client.query(increment)));
      await failing;
    });
    await expect(run).rejects.toMatchObject({ code: "42703" });
    await others;
    expect(pool.stats).toMatchObject({ connectionsOpened: 1, idle: 1 });
    expect(await counted(database)).toBe(0);
  });

  test("of a single client closes its connection, and the next transaction opens another", async () => {
    const client = await database.connect();
    const mine = new Error("took too long");
    const run = client.transactionWithRetry(async (transaction) => {
      await transaction.query(increment);
      transaction.query(SLOW).catch(() => {});
      await setTimeout(20);
      throw mine;
    });
    await expect(run).rejects.toBe(mine);
    await client.transactionWithRetry((transaction) => transaction.query(increment));
    expect(await counted(database)).toBe(1);
  });
});

describe("a BEGIN or a ROLLBACK that gets no response", () => {
  test("ends after commitTimeoutMillis, and the pool continues", { timeout: PATIENCE_MS }, async () => {
    const pool = database.pool({ max: 1, commitTimeoutMillis: 200, retry: { maxAttempts: 1 } });
    await pool.query("SELECT 1");
    const mine = new Error("changed my mind");
    for (const [when, expected] of [
      ["BEGIN", { code: "DSQL_CONNECTION_LOST" }],
      ["ROLLBACK", { message: mine.message }],
    ] as const) {
      const run = pool.transactionWithRetry(async (client) => {
        if (when === "ROLLBACK") client.connection.stream.pause();
        throw mine;
      });
      if (when === "BEGIN") {
        // The server's bytes are not read, as if it were gone.
        const client = await pool.connect();
        client.connection.stream.pause();
        client.release();
      }
      await expect(run).rejects.toMatchObject(expected);
    }
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });
});
