import type { LocalConnection } from "dsql-local";
import { dsql, PrismaDsql } from "prisma-dsql";
import { type Adapter, chaosPool } from "../adapter.ts";
import { PrismaClient } from "../generated/prisma/client.ts";

/** Deposits through Prisma. */
export function prismaAdapter(connection: LocalConnection): Adapter {
  const pool = chaosPool(connection);
  const prisma = new PrismaClient({ adapter: new PrismaDsql(pool) }).$extends(dsql());
  return {
    async deposit({ name, account, amount }) {
      await prisma.transactionWithRetry(async (tx) => {
        const { balance } = await tx.account.findUniqueOrThrow({ where: { id: account } });
        await tx.account.update({ where: { id: account }, data: { balance: balance + amount } });
        await tx.entry.create({ data: { deposit: name, account, amount } });
      });
    },
    async enter({ name, account }) {
      await prisma.entry.create({ data: { deposit: name, account, amount: 0 } });
    },
    async balance(account) {
      return (await prisma.account.findUniqueOrThrow({ where: { id: account } })).balance;
    },
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
