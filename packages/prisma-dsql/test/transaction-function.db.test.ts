import { NestedTransactionError, OccRetryExhaustedError } from "dsql-core";
import { describe, expect, test } from "vitest";
import { dsql, dsqlErrorOf, transactionWithRetry } from "../src/index.ts";
import { Prisma, type PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();
const quick = { baseDelayMs: 1, maxDelayMs: 2 };

/** A helper as applications have them, typed with what Prisma generates. */
async function open(tx: Prisma.TransactionClient, owner: string): Promise<number> {
  return (await tx.account.create({ data: { owner, balance: 5 } })).balance;
}

describe("transactionWithRetry(prisma, work)", () => {
  test("retries on a client without an extension, for helpers typed with PrismaClient and TransactionClient", async () => {
    const inService = (prisma: PrismaClient, owner: string) =>
      transactionWithRetry(prisma, (tx) => open(tx, owner), quick);
    const owner = newOwner();
    bank.cluster.faults.conflictCommits(2);
    expect(await inService(bank.client(), owner)).toBe(5);
    expect(await bank.client().account.count({ where: { owner } })).toBe(1);
    expect(bank.cluster.faults.counts.conflict).toBe(2);
  });

  test("retries a batch", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    bank.cluster.faults.conflictCommits(2);
    const [created, count] = await transactionWithRetry(
      prisma,
      [prisma.account.create({ data: { owner, balance: 1 } }), prisma.account.count({ where: { owner } })],
      quick,
    );
    expect([created.owner, count]).toEqual([owner, 1]);
  });

  test("starts from the retry options of the pool, and from those of an extension", async () => {
    const attempts = async (prisma: PrismaClient) => {
      bank.cluster.faults.conflictCommits(100);
      const error = await transactionWithRetry(prisma, (tx) => open(tx, newOwner())).catch((e: unknown) => e);
      bank.cluster.faults.clear();
      return (dsqlErrorOf(error) as OccRetryExhaustedError).attempts;
    };
    const prisma = bank.client({ retry: { ...quick, maxAttempts: 3 } });
    expect(await attempts(prisma)).toBe(3);
    const extended = prisma.$extends(dsql({ retry: { maxAttempts: 2 } }));
    expect(await attempts(extended as unknown as PrismaClient)).toBe(2);
  });

  test("refuses to nest before anything is sent", async () => {
    const owner = newOwner();
    const prisma = bank.client();
    await transactionWithRetry(prisma, async (tx) => {
      await open(tx, owner);
      const nested = transactionWithRetry(tx as unknown as PrismaClient, async () => 1);
      await expect(nested).rejects.toBeInstanceOf(NestedTransactionError);
    });
    expect(await prisma.account.count({ where: { owner } })).toBe(1);
  });
});

describe("retries that have ended in a conflict", () => {
  const shapes: [string, (prisma: PrismaClient) => Promise<unknown>][] = [
    ["the function", (prisma) => transactionWithRetry(prisma, (tx) => open(tx, newOwner()))],
    [
      "a batch",
      (prisma) =>
        transactionWithRetry(prisma, [
          prisma.account.create({ data: { owner: newOwner(), balance: 0 } }),
          prisma.account.count(),
        ]),
    ],
    [
      "the extension",
      (prisma) =>
        prisma
          .$extends(dsql())
          .transactionWithRetry((tx) => tx.account.create({ data: { owner: newOwner(), balance: 0 } })),
    ],
    ["a single statement", (prisma) => prisma.account.create({ data: { owner: newOwner(), balance: 0 } })],
    [
      "a nested write",
      (prisma) =>
        prisma
          .$extends(dsql())
          .account.create({ data: { owner: newOwner(), balance: 0, entries: { create: { amount: 1 } } } }),
    ],
    ["a raw statement", (prisma) => prisma.$executeRaw`INSERT INTO "Tag" VALUES (${newOwner()})`],
  ];

  test.each(shapes)(
    "are a P2034 that a filter on Prisma's class sees, with the original behind it: %s",
    async (_, work) => {
      const prisma = bank.client({ retry: { ...quick, maxAttempts: 2 } });
      await prisma.account.count();
      bank.cluster.faults.conflictCommits(100);
      const error = await work(prisma).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Prisma.PrismaClientKnownRequestError);
      expect(error).toMatchObject({ code: "P2034" });
      expect(dsqlErrorOf(error)).toBeInstanceOf(OccRetryExhaustedError);
      expect(dsqlErrorOf(error)).toMatchObject({ attempts: 2, cause: expect.anything() });
    },
  );
});
