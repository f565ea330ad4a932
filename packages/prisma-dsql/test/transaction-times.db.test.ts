import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { timesOf } from "../src/extension/client-settings.ts";
import { dsql, PrismaDsql } from "../src/index.ts";
import { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

/** A client whose one connection is open. */
async function client(connectionTimeoutMillis = 20_000) {
  const pool = bank.pool({ max: 1, connectionTimeoutMillis });
  await pool.warmUp();
  return { pool, prisma: new PrismaClient({ adapter: new PrismaDsql(pool) }).$extends(dsql()) };
}

test("the times of an attempt are the call's, else the client's, else the deadline, within DSQL's 300 s", () => {
  const adapter = new PrismaDsql(bank.cluster.connection);
  const plain = new PrismaClient({ adapter }).$extends({ result: {} }).$extends(dsql());
  expect(timesOf(plain, {})).toEqual({ maxWait: 240_000, timeout: 240_000 });
  expect(timesOf(plain, {}, 700_000)).toEqual({ maxWait: 290_000, timeout: 290_000 });
  expect(timesOf(plain, { maxWait: 1 }, 5)).toEqual({ maxWait: 1, timeout: 5 });
  const set = new PrismaClient({ adapter, transactionOptions: { maxWait: 7, timeout: 8 } }).$extends(dsql());
  expect(timesOf(set, {})).toEqual({ maxWait: 7, timeout: 8 });
  expect(timesOf(set, { timeout: 9 })).toEqual({ maxWait: 7, timeout: 9 });
});

describe("transactionWithRetry", () => {
  test("waits its turn for a connection longer than the 2000 ms of Prisma", async () => {
    const { prisma } = await client();
    const slow = prisma.transactionWithRetry(() => setTimeout(2300, "slow"));
    const waits = prisma.transactionWithRetry((tx) => tx.$queryRaw`SELECT 1 AS one`);
    expect(await slow).toBe("slow");
    expect(await waits).toEqual([{ one: 1 }]);
  });

  test("releases its connection when its time runs out while it waits for one", async () => {
    const { pool, prisma } = await client();
    await prisma.transactionWithRetry(async () => {
      const late = prisma.transactionWithRetry((tx) => tx.account.count(), { maxWait: 30 });
      await expect(late).rejects.toMatchObject({ code: "P2028" });
    });
    expect(await prisma.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    await expect.poll(() => pool.stats).toMatchObject({ total: 1, idle: 1, waiting: 0 });
  });

  test("is reported by the pool, with its state, when no connection becomes free", async () => {
    const { prisma } = await client(200);
    await prisma.transactionWithRetry(async () => {
      const late = prisma.transactionWithRetry((tx) => tx.account.count());
      await expect(late).rejects.toMatchObject({ code: "P2024" });
    });
  });
});

describe("the pool's retry options", () => {
  const conflicts = 4;
  const quick = { baseDelayMs: 1, maxDelayMs: 2 };

  test.each(["a pool", "options"])("hold for what the extension retries, with %s given", async (what) => {
    const options = { retry: { ...quick, maxAttempts: 2 }, autocommitRetry: false };
    const prisma = new PrismaClient({
      adapter: new PrismaDsql(
        what === "a pool" ? bank.pool(options) : { ...bank.cluster.connection, ...options },
      ),
    });
    const extended = prisma.$extends(dsql());
    const create = { data: { owner: newOwner(), balance: 0 } };
    await extended.account.count();
    bank.cluster.faults.conflictCommits(conflicts);
    await expect(extended.transactionWithRetry((tx) => tx.account.create(create))).rejects.toMatchObject({
      code: "P2034",
      meta: { driverAdapterError: { cause: { cause: { attempts: 2 } } } },
    });
    await expect(extended.account.create(create)).rejects.toMatchObject({ code: "P2034" });
    expect(bank.cluster.faults.counts.conflict).toBe(conflicts);
    await prisma.$disconnect();
  });

  test("give way to those of dsql(), and those to the call's", async () => {
    const prisma = bank.client({ retry: { ...quick, maxAttempts: 9 } });
    const extended = prisma.$extends({}).$extends(dsql({ retry: { maxAttempts: 3 } }));
    const attempt = (options = {}) =>
      extended.transactionWithRetry(
        (tx) => tx.account.create({ data: { owner: newOwner(), balance: 0 } }),
        options,
      );
    bank.cluster.faults.conflictCommits(100);
    await expect(attempt()).rejects.toMatchObject({
      code: "P2034",
      meta: { driverAdapterError: { cause: { cause: { attempts: 3 } } } },
    });
    await expect(attempt({ maxAttempts: 2 })).rejects.toMatchObject({
      code: "P2034",
      meta: { driverAdapterError: { cause: { cause: { attempts: 2 } } } },
    });
    await expect(attempt({ maxAttempts: undefined })).rejects.toMatchObject({
      code: "P2034",
      meta: { driverAdapterError: { cause: { cause: { attempts: 3 } } } },
    });
  });
});
