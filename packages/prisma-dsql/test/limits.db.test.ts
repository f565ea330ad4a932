import { describe, expect, test } from "vitest";
import { dsqlErrorOf, PrismaDsql, transactionWithRetry } from "../src/index.ts";
import { PrismaClient } from "./generated/bank/client.ts";
import { newOwner, useBank } from "./support/bank.ts";

const bank = useBank();
const rows = (many: number) => Array.from({ length: many }, () => ({ owner: newOwner(), balance: 0 }));

describe("more rows than DSQL changes in one transaction", () => {
  test("are refused with the limit and what to do, by an operation, a transaction and a raw statement", async () => {
    const prisma = bank.client();
    const data = rows(3001);
    const refused = {
      name: "PrismaClientKnownRequestError",
      code: "P2039",
      message: expect.stringMatching(/at most 3,000 rows in one transaction: divide the data/),
      meta: { driverAdapterError: { cause: { originalCode: "54000" } } },
    };
    await expect(prisma.account.createMany({ data })).rejects.toMatchObject(refused);
    await expect(transactionWithRetry(prisma, (tx) => tx.account.createMany({ data }))).rejects.toMatchObject(
      refused,
    );
    await expect(
      prisma.$executeRaw`INSERT INTO "Tag" SELECT n::text FROM generate_series(1, 3001) n`,
    ).rejects.toMatchObject(refused);
    expect(await prisma.tag.count()).toBe(0);
  });

  test("are stored in batches, as the README shows", async () => {
    const prisma = bank.client();
    const data = rows(3001);
    const batchSize = 1000;
    for (let start = 0; start < data.length; start += batchSize) {
      await prisma.account.createMany({ data: data.slice(start, start + batchSize), skipDuplicates: true });
    }
    expect(await prisma.account.count({ where: { owner: { in: data.map(({ owner }) => owner) } } })).toBe(
      3001,
    );
  });
});

test("a refused login is P1000, with what to check", async () => {
  const { connection } = bank.cluster;
  const credentials = { ...(connection.credentials as { accessKeyId: string }), secretAccessKey: "another" };
  const prisma = new PrismaClient({ adapter: new PrismaDsql({ ...connection, credentials }) });
  const refused = {
    name: "PrismaClientKnownRequestError",
    code: "P1000",
    message: expect.stringMatching(/refused the login.*dsql:DbConnectAdmin/),
  };
  await expect(prisma.account.count()).rejects.toMatchObject(refused);
  await expect(prisma.$queryRaw`SELECT 1`).rejects.toMatchObject(refused);
  await expect(prisma.$transaction((tx) => tx.account.count())).rejects.toMatchObject(refused);
  expect(dsqlErrorOf(await prisma.account.count().catch((error: unknown) => error))).toBeUndefined();
  await prisma.$disconnect();
});
