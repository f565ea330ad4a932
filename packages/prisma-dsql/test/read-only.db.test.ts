import { PrismaPg } from "@prisma/adapter-pg";
import { DsqlConfigError } from "dsql-core";
import { expect, test } from "vitest";
import { dsql } from "../src/index.ts";
import { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

test("a read-only transaction reads, refuses to write, and leaves the next one to write", async () => {
  const prisma = bank.client({ max: 1 }).$extends(dsql());
  const owner = newOwner();
  const create = { data: { owner, balance: 1 } };
  expect(
    await prisma.transactionWithRetry((tx) => tx.account.count({ where: { owner } }), { readOnly: true }),
  ).toBe(0);
  const refused = prisma.transactionWithRetry((tx) => tx.account.create(create), { readOnly: true });
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining("read-only transaction") });
  await prisma.transactionWithRetry((tx) => tx.account.create(create));
  expect(await prisma.account.count({ where: { owner } })).toBe(1);
});

test("another transaction that is begun in the callback of a read-only one may write", async () => {
  const prisma = bank.client().$extends(dsql());
  const owner = newOwner();
  await prisma.transactionWithRetry(
    async (tx) => {
      await tx.account.count();
      await prisma.account.create({ data: { owner, balance: 0, entries: { create: { amount: 1 } } } });
    },
    { readOnly: true },
  );
  expect(await prisma.account.count({ where: { owner } })).toBe(1);
});

test("a read-only transaction is retried after its connection was lost, and releases its connection", async () => {
  const prisma = bank.client({ max: 1 }).$extends(dsql({ retry: { baseDelayMs: 1, maxDelayMs: 2 } }));
  const owner = newOwner();
  await prisma.account.create({ data: { owner, balance: 0 } });
  bank.cluster.faults.cutConnection("in-statement");
  let runs = 0;
  const count = await prisma.transactionWithRetry(
    (tx) => {
      runs += 1;
      return tx.account.count({ where: { owner } });
    },
    { readOnly: true },
  );
  expect(count).toBe(1);
  expect(runs).toBe(2);
  expect(await prisma.account.count({ where: { owner } })).toBe(1);
});

test("readOnly is refused where the adapter cannot begin so, and for a batch", async () => {
  const pool = bank.pool();
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) }).$extends(dsql());
  let ran = false;
  const work = prisma.transactionWithRetry(
    async () => {
      ran = true;
    },
    { readOnly: true },
  );
  await expect(work).rejects.toBeInstanceOf(DsqlConfigError);
  expect(ran).toBe(false);
  const batch = prisma.transactionWithRetry([prisma.account.count()], { readOnly: true } as object);
  await expect(batch).rejects.toBeInstanceOf(DsqlConfigError);
  await prisma.$disconnect();
});
