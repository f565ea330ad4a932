import {
  CommitOutcomeUnknownError,
  failureOf,
  NestedTransactionError,
  OccRetryExhaustedError,
} from "dsql-core";
import { describe, expect, test } from "vitest";
import { dsql, dsqlErrorOf, PrismaDsql } from "../src/index.ts";
import { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();
const quick = { baseDelayMs: 1, maxDelayMs: 2 };

function client(options: { autocommitRetry?: boolean } = {}) {
  return bank.client(options).$extends(dsql({ retry: quick }));
}

describe("transactionWithRetry", () => {
  test("runs the callback again after conflicts, and stores its work once", async () => {
    const prisma = client();
    const owner = newOwner();
    bank.cluster.faults.conflictCommits(2);
    const seen: number[] = [];
    const balance = await prisma.transactionWithRetry(
      async (tx) => (await tx.account.create({ data: { owner, balance: 5 } })).balance,
      { onRetry: ({ attempt }) => seen.push(attempt) },
    );
    expect(balance).toBe(5);
    expect(seen).toEqual([1, 2]);
    expect(await prisma.account.count({ where: { owner } })).toBe(1);
  });

  test("lets 10 transactions that fight over one row all through", async () => {
    const prisma = client();
    const owner = newOwner();
    await prisma.account.create({ data: { owner, balance: 0 } });
    const addOne = () =>
      prisma.transactionWithRetry(async (tx) => {
        const { balance } = await tx.account.findUniqueOrThrow({ where: { owner } });
        await tx.account.update({ where: { owner }, data: { balance: balance + 1 } });
      });
    await Promise.all(Array.from({ length: 10 }, addOne));
    expect(await prisma.account.findUnique({ where: { owner } })).toMatchObject({ balance: 10 });
  });

  test("runs a batch again", async () => {
    const prisma = client();
    const owner = newOwner();
    bank.cluster.faults.conflictCommits(2);
    const [created, count] = await prisma.transactionWithRetry([
      prisma.account.create({ data: { owner, balance: 1 } }),
      prisma.account.count({ where: { owner } }),
    ]);
    expect([created.owner, count]).toEqual([owner, 1]);
    expect(bank.cluster.faults.counts.conflict).toBe(2);
  });

  test("runs again on a new connection when one was lost before COMMIT", async () => {
    const prisma = client();
    const owner = newOwner();
    await prisma.account.count();
    bank.cluster.faults.cutConnection("in-statement");
    await prisma.transactionWithRetry((tx) => tx.account.create({ data: { owner, balance: 0 } }));
    expect(await prisma.account.count({ where: { owner } })).toBe(1);
  });

  test("never runs again after a COMMIT of unknown outcome, unless verifyCommit looks", async () => {
    const prisma = client();
    const owner = newOwner();
    bank.cluster.faults.cutConnection("after-commit");
    let runs = 0;
    const work = prisma.transactionWithRetry((tx) => {
      runs += 1;
      return tx.account.create({ data: { owner, balance: 0 } });
    });
    expect(failureOf(await work.catch((error: unknown) => error))).toBe("commit-outcome-unknown");
    expect(runs).toBe(1);

    const other = newOwner();
    bank.cluster.faults.cutConnection("after-commit");
    const verified = await prisma.transactionWithRetry(
      (tx) => tx.account.create({ data: { owner: other, balance: 9 } }),
      {
        verifyCommit: async () => (await prisma.account.count({ where: { owner: other } })) === 1,
      },
    );
    expect(verified).toMatchObject({ owner: other, balance: 9 });
  });

  test("stops after maxAttempts, and rethrows every other error unchanged", async () => {
    const prisma = client();
    bank.cluster.faults.conflictCommits(9);
    const spent = prisma.transactionWithRetry(
      (tx) => tx.account.create({ data: { owner: newOwner(), balance: 0 } }),
      {
        maxAttempts: 2,
      },
    );
    const error = await spent.catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "PrismaClientKnownRequestError", code: "P2034" });
    expect(dsqlErrorOf(error)).toBeInstanceOf(OccRetryExhaustedError);
    bank.cluster.faults.clear();
    const failure = new Error("mine");
    await expect(prisma.transactionWithRetry(() => Promise.reject(failure))).rejects.toBe(failure);
  });

  test("refuses to nest before anything is sent, and the outer one continues", async () => {
    const prisma = client();
    const owner = newOwner();
    await prisma.transactionWithRetry(async (tx) => {
      await tx.account.create({ data: { owner, balance: 0 } });
      const nested = (tx as unknown as typeof prisma).transactionWithRetry(async () => 1);
      await expect(nested).rejects.toBeInstanceOf(NestedTransactionError);
    });
    expect(await prisma.account.count({ where: { owner } })).toBe(1);
  });

  test("takes Prisma's own times", async () => {
    const late = client().transactionWithRetry(
      async (tx) => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        await tx.account.count();
      },
      { timeout: 30 },
    );
    await expect(late).rejects.toMatchObject({ code: "P2028" });
  });

  test("works beside other extensions, which the transaction's client has too", async () => {
    const prisma = bank
      .client()
      .$extends({
        result: {
          account: { label: { needs: { owner: true }, compute: ({ owner }) => `account of ${owner}` } },
        },
      })
      .$extends(dsql({ retry: quick }))
      .$extends({ client: { $hello: () => "hello" } });
    const owner = newOwner();
    const [label, hello] = await prisma.transactionWithRetry(async (tx) => [
      (await tx.account.create({ data: { owner, balance: 0 } })).label,
      tx.$hello(),
    ]);
    expect([label, hello]).toEqual([`account of ${owner}`, "hello"]);
  });
});

describe("a single operation that met a conflict", () => {
  const operations: [string, (prisma: ReturnType<typeof client>, owner: string) => Promise<unknown>][] = [
    ["create", (prisma, owner) => prisma.account.create({ data: { owner, balance: 0 } })],
    ["createMany", (prisma, owner) => prisma.account.createMany({ data: [{ owner, balance: 0 }] })],
    [
      "a nested write",
      (prisma, owner) =>
        prisma.account.create({ data: { owner, balance: 0, entries: { create: { amount: 1 } } } }),
    ],
    [
      "upsert",
      (prisma, owner) =>
        prisma.account.upsert({ where: { owner }, create: { owner, balance: 0 }, update: {} }),
    ],
    [
      "updateMany",
      (prisma, owner) =>
        prisma.account
          .create({ data: { owner, balance: 1 } })
          .then(() => prisma.account.updateMany({ where: { owner }, data: { balance: 0 } })),
    ],
    [
      "$executeRaw",
      (prisma, owner) => prisma.$executeRaw`INSERT INTO "Account" (owner, balance) VALUES (${owner}, 0)`,
    ],
  ];

  test.each(operations)("is retried outside a transaction: %s", async (_, operation) => {
    const prisma = client({ autocommitRetry: false });
    const owner = newOwner();
    await prisma.account.count();
    bank.cluster.faults.conflictCommits(2);
    await operation(prisma, owner);
    expect(await prisma.account.count({ where: { owner, balance: 0 } })).toBe(1);
    expect(bank.cluster.faults.counts.conflict).toBe(2);
  });

  test("is not retried inside an interactive transaction, nor in a batch", async () => {
    const prisma = client();
    const [a, b] = [newOwner(), newOwner()];
    let runs = 0;
    bank.cluster.faults.conflictCommits(1);
    const interactive = prisma.$transaction((tx) => {
      runs += 1;
      return tx.account.create({ data: { owner: a, balance: 0, entries: { create: { amount: 1 } } } });
    });
    await expect(interactive).rejects.toMatchObject({ code: "P2034" });
    bank.cluster.faults.conflictCommits(1);
    const batch = prisma.$transaction([
      prisma.account.create({ data: { owner: b, balance: 0 } }),
      prisma.account.count(),
    ]);
    await expect(batch).rejects.toMatchObject({ code: "P2034" });
    expect(runs).toBe(1);
    expect(await prisma.account.count({ where: { owner: { in: [a, b] } } })).toBe(0);
  });

  test("is not retried when operationRetry is off", async () => {
    const prisma = bank.client({ autocommitRetry: false }).$extends(dsql({ operationRetry: false }));
    await prisma.account.count();
    bank.cluster.faults.conflictCommits(1);
    await expect(prisma.account.create({ data: { owner: newOwner(), balance: 0 } })).rejects.toMatchObject({
      code: "P2034",
    });
  });

  test("is never retried after a COMMIT of unknown outcome", async () => {
    const prisma = client();
    const owner = newOwner();
    await prisma.account.count();
    bank.cluster.faults.cutConnection("after-commit");
    const work = prisma.account.create({ data: { owner, balance: 0, entries: { create: { amount: 1 } } } });
    await expect(work).rejects.toMatchObject({ code: new CommitOutcomeUnknownError("").code });
    expect(await prisma.account.count({ where: { owner } })).toBe(1);
  });

  test("does not multiply the retries of the pool", async () => {
    const prisma = bank
      .client({ retry: { ...quick, maxAttempts: 3 } })
      .$extends(dsql({ retry: { ...quick, maxAttempts: 3 } }));
    await prisma.account.count();
    bank.cluster.faults.conflictCommits(100);
    await expect(prisma.account.create({ data: { owner: newOwner(), balance: 0 } })).rejects.toMatchObject({
      code: "P2034",
    });
    expect(bank.cluster.faults.counts.conflict).toBe(3);
  });
});

test("reads of one tick are still one query", async () => {
  const adapter = new PrismaDsql(bank.cluster.connection);
  const prisma = new PrismaClient({ adapter, log: [{ emit: "event", level: "query" }] });
  const data = [newOwner(), newOwner(), newOwner()].map((owner) => ({ owner, balance: 0 }));
  const accounts = await prisma.account.createManyAndReturn({ data });
  const queries: string[] = [];
  prisma.$on("query", ({ query }) => queries.push(query));
  const retrying = prisma.$extends(dsql());
  const found = await Promise.all(accounts.map(({ id }) => retrying.account.findUnique({ where: { id } })));
  expect(found).toEqual(accounts);
  expect(queries).toHaveLength(1);
  await prisma.$disconnect();
});
