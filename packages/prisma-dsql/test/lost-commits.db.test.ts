import { failureOf } from "dsql-core";
import { describe, expect, test } from "vitest";
import { dsqlErrorOf } from "../src/index.ts";
import type { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

/** Each writes one account, in a transaction. */
const transactions: [string, (prisma: PrismaClient, owner: string) => Promise<unknown>][] = [
  [
    "an interactive transaction",
    (prisma, owner) => prisma.$transaction((tx) => tx.account.create({ data: { owner, balance: 0 } })),
  ],
  [
    "a batch",
    (prisma, owner) =>
      prisma.$transaction([prisma.account.create({ data: { owner, balance: 0 } }), prisma.account.count()]),
  ],
  [
    "a nested write",
    (prisma, owner) =>
      prisma.account.create({ data: { owner, balance: 0, entries: { create: { amount: 1 } } } }),
  ],
];

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe.each(transactions)("%s", (_, work) => {
  test("whose COMMIT got no response says that its outcome is unknown", async () => {
    const prisma = bank.client();
    await prisma.account.count();
    const owner = newOwner();
    bank.cluster.faults.cutConnection("after-commit");
    const error = await errorOf(work(prisma, owner));
    expect(error).toMatchObject({
      name: "PrismaClientKnownRequestError",
      code: "DSQL_COMMIT_OUTCOME_UNKNOWN",
    });
    expect(failureOf(error)).toBe("commit-outcome-unknown");
    expect(dsqlErrorOf(error)).toMatchObject({ name: "CommitOutcomeUnknownError" });
    expect(await prisma.account.count({ where: { owner } })).toBe(1);
  });

  test("whose COMMIT got the response server unavailable says so too", async () => {
    const prisma = bank.client();
    await prisma.account.count();
    bank.cluster.faults.serverUnavailable("commit");
    const error = await errorOf(work(prisma, newOwner()));
    expect(dsqlErrorOf(error)).toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
  });

  test("that loses its connection in a statement is P1017 and has stored nothing", async () => {
    const prisma = bank.client();
    await prisma.account.count();
    const owner = newOwner();
    bank.cluster.faults.cutConnection("in-statement");
    const error = await errorOf(work(prisma, owner));
    expect(error).toMatchObject({ name: "PrismaClientKnownRequestError", code: "P1017" });
    expect(failureOf(error)).toBe("connection-lost");
    expect(await prisma.account.count({ where: { owner } })).toBe(0);
  });
});

test("a transaction whose work caught a statement's error is not reported as committed", async () => {
  const prisma = bank.client();
  const owner = newOwner();
  const work = prisma.$transaction(async (tx) => {
    await tx.account.create({ data: { owner, balance: 0 } });
    await tx.$queryRaw`SELECT 1/0`.catch(() => {});
  });
  const error = await errorOf(work);
  expect(error).toMatchObject({
    name: "PrismaClientKnownRequestError",
    code: "DSQL_TRANSACTION_ROLLED_BACK",
  });
  expect(dsqlErrorOf(error)).toMatchObject({ name: "TransactionRolledBackError" });
  expect(await prisma.account.count({ where: { owner } })).toBe(0);
});

test("a pool that has no connection left is P2024, with the state of the pool", async () => {
  const prisma = bank.client({ max: 1, connectionTimeoutMillis: 1500 });
  const error = await prisma.$transaction(() => errorOf(prisma.account.count()));
  expect(error).toMatchObject({ code: "P2024" });
  expect(dsqlErrorOf(error)).toMatchObject({ name: "PoolTimeoutError", pool: { total: 1, idle: 0, max: 1 } });
});

test("a token that cannot be signed is DSQL_TOKEN, and nothing was sent", async () => {
  const prisma = bank.client({ credentials: () => Promise.reject(new Error("no credentials today")) });
  const error = await errorOf(prisma.account.count());
  expect(error).toMatchObject({ name: "PrismaClientKnownRequestError", code: "DSQL_TOKEN" });
  expect(dsqlErrorOf(error)).toMatchObject({ name: "DsqlTokenError" });
});
