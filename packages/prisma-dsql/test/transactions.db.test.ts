import { describe, expect, test } from "vitest";
import { transactionWithRetry } from "../src/index.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();

describe("a transaction", () => {
  test("keeps everything or nothing", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    await prisma.$transaction(async (tx) => {
      await tx.account.create({ data: { owner, balance: 1 } });
      await tx.account.update({ where: { owner }, data: { balance: 2 } });
    });
    const failed = prisma.$transaction(async (tx) => {
      await tx.account.update({ where: { owner }, data: { balance: 3 } });
      throw new Error("changed my mind");
    });
    await expect(failed).rejects.toThrow("changed my mind");
    expect(await prisma.account.findUnique({ where: { owner } })).toMatchObject({ balance: 2 });
  });

  test("runs a batch as one", async () => {
    const prisma = bank.client();
    const [a, b] = [newOwner(), newOwner()];
    const [first, count] = await prisma.$transaction([
      prisma.account.create({ data: { owner: a, balance: 1 } }),
      prisma.account.count({ where: { owner: a } }),
    ]);
    expect([first.owner, count]).toEqual([a, 1]);
    const failed = prisma.$transaction([
      prisma.account.create({ data: { owner: b, balance: 1 } }),
      prisma.account.create({ data: { owner: a, balance: 1 } }),
    ]);
    await expect(failed).rejects.toMatchObject({ code: "P2002" });
    expect(await prisma.account.count({ where: { owner: b } })).toBe(0);
  });

  test("takes RepeatableRead, which is what DSQL has, and sees one snapshot", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    await prisma.account.create({ data: { owner, balance: 1 } });
    const seen = await prisma.$transaction(
      async (tx) => {
        const before = await tx.account.findUniqueOrThrow({ where: { owner } });
        await prisma.account.update({ where: { owner }, data: { balance: 2 } });
        return [before.balance, (await tx.account.findUniqueOrThrow({ where: { owner } })).balance];
      },
      { isolationLevel: "RepeatableRead" },
    );
    expect(seen).toEqual([1, 1]);
  });

  test.each(["Serializable", "ReadCommitted", "ReadUncommitted"] as const)(
    "refuses %s with P2023 and advice",
    async (isolationLevel) => {
      const prisma = bank.client();
      const expected = {
        name: "PrismaClientKnownRequestError",
        code: "P2023",
        message: expect.stringContaining("REPEATABLE READ"),
      };
      await expect(prisma.$transaction(async () => 1, { isolationLevel })).rejects.toMatchObject(expected);
      const batch = [prisma.account.count(), prisma.account.count()];
      await expect(prisma.$transaction(batch, { isolationLevel })).rejects.toMatchObject(expected);
    },
  );

  test("refuses to nest, and the outer one is unaffected", async () => {
    const prisma = bank.client();
    const owner = newOwner();
    await prisma.$transaction(async (tx) => {
      await tx.account.create({ data: { owner, balance: 1 } });
      await expect(tx.$transaction(async () => 1)).rejects.toMatchObject({
        code: "P2028",
        message: expect.stringContaining("no savepoints"),
      });
      await tx.account.update({ where: { owner }, data: { balance: 2 } });
    });
    expect(await prisma.account.findUnique({ where: { owner } })).toMatchObject({ balance: 2 });
  });

  test("releases its connection when it fails", async () => {
    const prisma = bank.client({ max: 1 });
    for (let round = 0; round < 3; round++) {
      await expect(prisma.$transaction((tx) => tx.$queryRaw`SELECT 1/0`)).rejects.toMatchObject({
        code: "P2010",
      });
    }
    expect(await prisma.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  });

  test("that ran out of time in the middle of a statement is P2028 too, and is not retried", async () => {
    const prisma = bank.client({ max: 1 });
    let runs = 0;
    const late = transactionWithRetry(
      prisma,
      async (tx) => {
        runs++;
        await tx.account.count();
        await tx.$queryRaw`SELECT pg_sleep(3)::text`;
      },
      { timeout: 1000 },
    );
    await expect(late).rejects.toMatchObject({ name: "PrismaClientKnownRequestError", code: "P2028" });
    expect(runs).toBe(1);
    expect(await prisma.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
  });

  test("that ran out of time is rolled back, and its connection is clean", async () => {
    const prisma = bank.client({ max: 1 });
    const owner = newOwner();
    const late = prisma.$transaction(
      async (tx) => {
        await tx.account.create({ data: { owner, balance: 1 } });
        await new Promise((resolve) => setTimeout(resolve, 150));
        await tx.account.count();
      },
      { timeout: 50 },
    );
    await expect(late).rejects.toMatchObject({ code: "P2028" });
    expect(await prisma.account.count({ where: { owner } })).toBe(0);
  });
});
