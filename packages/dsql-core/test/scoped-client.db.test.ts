import { Query } from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import {
  ClientReleasedError,
  DsqlClient,
  DsqlConfigError,
  type DsqlPoolClient,
  TransactionEndedError,
} from "../src/index.ts";
import { COUNTERS, counted, increment, resetCounter, useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase(COUNTERS);
beforeEach(() => resetCounter(database));

describe("a statement that is sent after the work of its transaction", () => {
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

  test("is over does not become part of the next one", async () => {
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

  test("of a single client is over is refused, and the client stays usable", async () => {
    const client = await database.connect();
    const lent = await client.transactionWithRetry(async (transaction) => ({ transaction }));
    await expect(lent.transaction.query(increment)).rejects.toThrow(TransactionEndedError);
    await client.query(increment);
    expect(await counted(database)).toBe(1);
  });
});

test("a client that outlives its transaction refuses a statement however it is sent", async () => {
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

describe("a client of a pool that was released", () => {
  test("sends nothing more, however its methods were kept", async () => {
    const db = database.pool({ max: 1 });
    const released = await db.connect();
    const { query } = released;
    const bound = released.query.bind(released);
    released.release();
    const owner = await db.connect();
    await owner.query("BEGIN");
    for (const late of [released.query.bind(released), query, bound])
      await expect(late(increment)).rejects.toMatchObject({ code: "DSQL_CLIENT_RELEASED" });
    await expect(released.transactionWithRetry(async () => {})).rejects.toThrow(ClientReleasedError);
    await owner.query("COMMIT");
    owner.release();
    expect(await counted(database)).toBe(0);
  });

  test("cannot release or close the next caller's connection", async () => {
    const db = database.pool({ max: 1 });
    const released = await db.connect();
    released.release();
    const owner = await db.connect();
    expect(() => released.release()).toThrow("already been released");
    await released.end();
    await new Promise<void>((resolve) => released.end(() => resolve()));
    let isLentTwice = false;
    const waiting = db.connect().then((other) => {
      isLentTwice = true;
      other.release();
    });
    expect((await owner.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(isLentTwice).toBe(false);
    owner.release();
    await waiting;
    expect(db.stats.connectionsOpened).toBe(1);
  });
});

describe("a single client, while its transaction runs,", () => {
  test("refuses a statement that is not sent through the transaction", async () => {
    const client = await database.connect();
    const beside: unknown[] = [];
    await client.transactionWithRetry(async (transaction) => {
      await transaction.query(increment);
      beside.push(await client.query(increment).catch((error: unknown) => error));
      beside.push(await new Promise((resolve) => client.query(increment, resolve)));
      beside.push(await transaction.transactionWithRetry(async () => {}).catch((error: unknown) => error));
    });
    expect(beside).toMatchObject([
      { code: "DSQL_TRANSACTION_SCOPE" },
      { code: "DSQL_TRANSACTION_SCOPE" },
      { code: "DSQL_NESTED_TRANSACTION" },
    ]);
    await client.query(increment);
    expect(await counted(database)).toBe(2);
  });

  test("refuses one between two attempts, too", async () => {
    const client = await database.connect();
    database.local.faults.conflictCommits(1);
    let beside: Promise<unknown> | undefined;
    const onRetry = () => {
      beside = client.query(increment).catch((error: unknown) => error);
    };
    await client.transactionWithRetry((transaction) => transaction.query(increment), { onRetry });
    expect(await beside).toMatchObject({ code: "DSQL_TRANSACTION_SCOPE" });
    expect(await counted(database)).toBe(1);
  });
});
