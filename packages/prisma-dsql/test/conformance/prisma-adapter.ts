import type { AdapterSession, AdapterUnderTest, TransactionWork, Work } from "adapter-conformance";
import { DsqlPool, type DsqlPoolOptions } from "dsql-core";
import { dsql, PrismaDsql } from "../../src/index.ts";
import { PrismaClient, type PrismaTypes } from "./client.ts";
import { roundTrip } from "./round-trip.ts";

/** Prisma, as its users would set it up. */
export const prismaAdapter: AdapterUnderTest = {
  name: "prisma 7.10",
  ormPrefix: "prisma",
  module: { url: import.meta.url, exportName: "prismaAdapter" },
  skips: {
    "streams rows in chunks and releases its connection": "Prisma reads a result whole and has no cursors.",
    "keeps timetz": "Prisma reads timetz as a time of day, and drops its offset.",
    "keeps a double to its last digit and at both ends":
      "Prisma writes the largest double with 16 digits, which rounds it out of range; smaller ones it keeps.",
  },
  open: (options) => openSession(options),
};

type Client = Pick<PrismaClient, "account" | "$queryRawUnsafe">;

function workOn(prisma: Client): Work {
  return {
    query: (sql, parameters = []) => prisma.$queryRawUnsafe(sql, ...parameters),
    accounts: {
      insert: async (accounts) => {
        await prisma.account.createMany({ data: [...accounts] });
      },
      find: async (id) => (await prisma.account.findUnique({ where: { id } })) ?? undefined,
      setBalance: async (id, balance) =>
        (await prisma.account.updateMany({ where: { id }, data: { balance } })).count,
      remove: async (id) => (await prisma.account.deleteMany({ where: { id } })).count,
    },
  };
}

function inside(transaction: PrismaTypes.TransactionClient): TransactionWork {
  return { ...workOn(transaction), nest: () => transaction.$transaction(async () => "nested") };
}

function openSession(options: DsqlPoolOptions): AdapterSession {
  const pool = new DsqlPool(options);
  const names = new Map<string, string>();
  const adapter = new PrismaDsql(pool, { statementNameGenerator: ({ sql }) => names.get(sql) ?? "" });
  const plain = new PrismaClient({ adapter, transactionOptions: { maxWait: 30_000, timeout: 60_000 } });
  const prisma = plain.$extends(dsql());
  return {
    pool,
    ...workOn(plain),
    transaction: (work) => plain.$transaction((transaction) => work(inside(transaction))),
    transactionWithRetry: (work, options) =>
      prisma.transactionWithRetry(
        (transaction) => work(inside(transaction as unknown as PrismaTypes.TransactionClient)),
        options,
      ),
    roundTrip: (column, value) => roundTrip(plain, column, value),
    prepared: (name, sql, parameters) => {
      names.set(sql, name);
      return plain.$queryRawUnsafe(sql, ...parameters);
    },
    // $disconnect rolls back what is under way; the end of the pool waits for it.
    close: async () => {
      await pool.end();
      await plain.$disconnect();
    },
  };
}
