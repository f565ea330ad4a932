import { classifyError, isOccError } from "dsql-core";
import { describe, expect, test } from "vitest";
import type { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

/** Every way to a COMMIT, with a client whose pool does not retry by itself. */
const ways: [string, (prisma: PrismaClient, owner: string) => Promise<unknown>][] = [
  [
    "the COMMIT of an interactive transaction",
    (prisma, owner) => prisma.$transaction((tx) => tx.account.create({ data: { owner, balance: 0 } })),
  ],
  [
    "the COMMIT of a batch",
    (prisma, owner) =>
      prisma.$transaction([prisma.account.create({ data: { owner, balance: 0 } }), prisma.account.count()]),
  ],
  [
    "a nested write",
    (prisma, owner) =>
      prisma.account.create({ data: { owner, balance: 0, entries: { create: { amount: 1 } } } }),
  ],
  [
    "updateMany",
    (prisma) =>
      prisma.account.updateMany({ where: { owner: { startsWith: "owner" } }, data: { balance: 0 } }),
  ],
  ["a plain create", (prisma, owner) => prisma.account.create({ data: { owner, balance: 0 } })],
  [
    "$executeRaw",
    (prisma, owner) => prisma.$executeRaw`INSERT INTO "Account" (owner, balance) VALUES (${owner}, 0)`,
  ],
  [
    "$queryRaw",
    (prisma, owner) =>
      prisma.$queryRaw`INSERT INTO "Account" (owner, balance) VALUES (${owner}, 0) RETURNING owner`,
  ],
];

describe("a conflict", () => {
  describe.each(ways)("in %s", (_, work) => {
    test.each([
      ["OC000", "data"],
      ["OC001", "schema"],
    ] as const)("is P2034 and recognised: %s", async (code, occType) => {
      const prisma = bank.client({ autocommitRetry: false });
      await prisma.account.create({ data: { owner: newOwner(), balance: 1 } });
      bank.cluster.faults.conflictCommits(1, code);
      const error: unknown = await work(prisma, newOwner()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        name: "PrismaClientKnownRequestError",
        code: "P2034",
        message: expect.stringContaining(code),
        meta: {
          driverAdapterError: {
            name: "DriverAdapterError",
            cause: { kind: "TransactionWriteConflict", originalCode: "40001" },
          },
        },
      });
      expect(isOccError(error)).toBe(true);
      expect(classifyError(error)).toBe(occType);
    });
  });

  test("between two transactions refuses the one that commits last", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    await prisma.account.create({ data: { owner, balance: 0 } });
    const slow = prisma.$transaction(async (tx) => {
      const { balance } = await tx.account.findUniqueOrThrow({ where: { owner } });
      await prisma.account.update({ where: { owner }, data: { balance: 10 } });
      await tx.account.update({ where: { owner }, data: { balance: balance + 1 } });
    });
    await expect(slow).rejects.toMatchObject({ code: "P2034" });
    expect(await prisma.account.findUnique({ where: { owner } })).toMatchObject({ balance: 10 });
  });

  test("that the pool could not retry away is P2034, with what was tried as its cause", async () => {
    const prisma = bank.client({ retry: { maxAttempts: 2, baseDelayMs: 1, maxDelayMs: 1 } });
    await prisma.account.count();
    bank.cluster.faults.conflictCommits(2);
    const error: unknown = await prisma.account
      .create({ data: { owner: newOwner(), balance: 0 } })
      .catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: "P2034",
      meta: {
        driverAdapterError: {
          cause: {
            kind: "TransactionWriteConflict",
            cause: { code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 },
          },
        },
      },
    });
  });
});
