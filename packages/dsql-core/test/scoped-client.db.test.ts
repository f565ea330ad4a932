import { Query } from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import { DsqlClient, DsqlConfigError, type DsqlPoolClient, TransactionEndedError } from "../src/index.ts";
import { COUNTERS, counted, increment, resetCounter, useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase(COUNTERS);
beforeEach(() => resetCounter(database));

describe("a statement that comes after the work of its transaction", () => {
  test("has failed does not commit by itself", async () => {
    let late: Promise<unknown> | undefined;
    const failed = database.pool({ max: 1 }).transactionWithRetry(async (client) => {
      late = new Promise((resolve) => setImmediate(resolve)).then(() => client.query(increment));
      late.catch(() => {});
      throw new Error("not enough money");
    });
    await expect(failed).rejects.toThrow("not enough money");
    await expect(late).rejects.toThrow(TransactionEndedError);
    expect(await counted(database)).toBe(0);
  });

  test("is over does not get into the next one", async () => {
    const db = database.pool({ max: 1 });
    let earlier: DsqlPoolClient | undefined;
    await db.transactionWithRetry(async (client) => {
      earlier = client;
    });
    await db.transactionWithRetry(async (client) => {
      await client.query(increment);
      await expect(earlier?.query(increment)).rejects.toMatchObject({ code: "DSQL_TRANSACTION_ENDED" });
    });
    expect(await counted(database)).toBe(1);
  });

  test("of a single client is over is refused, and the client goes on", async () => {
    const client = await database.connect();
    const lent = await client.transactionWithRetry(async (transaction) => ({ transaction }));
    await expect(lent.transaction.query(increment)).rejects.toThrow(TransactionEndedError);
    await client.query(increment);
    expect(await counted(database)).toBe(1);
  });
});

test("a client that outlives its transaction refuses a statement however it is asked", async () => {
  const db = database.pool({ max: 1 });
  const { client } = await db.transactionWithRetry(async (lent) => ({ client: lent }));
  expect(client).toBeInstanceOf(DsqlClient);
  await expect(client.query(increment)).rejects.toThrow(TransactionEndedError);
  await expect(client.transactionWithRetry(async () => {})).rejects.toThrow(TransactionEndedError);
  await expect(client.transaction(async () => {})).rejects.toThrow(TransactionEndedError);
  const called = new Promise((resolve) => client.query(increment, resolve));
  const withValues = new Promise((resolve) => client.query(increment, [], resolve));
  const emitted = new Promise((resolve) => client.query(new Query(increment)).on("error", resolve));
  for (const error of await Promise.all([called, withValues, emitted]))
    expect(error).toBeInstanceOf(TransactionEndedError);
  expect(db.stats).toMatchObject({ idle: 1, connectionsOpened: 1 });
  expect(await counted(database)).toBe(0);
});

test("a transaction without work is refused before anything is sent", async () => {
  const db = database.pool();
  await expect(db.transactionWithRetry("BEGIN" as never)).rejects.toThrow(DsqlConfigError);
  expect(db.stats.connectionsOpened).toBe(0);
});
