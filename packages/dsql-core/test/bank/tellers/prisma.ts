import { dsql, PrismaDsql } from "prisma-dsql";
import { type BankPoolOptions, bankPool } from "../bank-pool.ts";
import { PrismaClient } from "../generated/client.ts";
import { newBalances, type Teller } from "../transfer.ts";

/** Milliseconds: Prisma's own limits are shorter than a crowd of clients may need. */
const PATIENCE_MS = 60_000;

/** Transfers through Prisma. */
export async function prismaTeller(options: BankPoolOptions): Promise<Teller> {
  const pool = bankPool(options);
  const prisma = new PrismaClient({ adapter: new PrismaDsql(pool) }).$extends(dsql());
  return {
    async transfer(transfer, retry) {
      const { id, from, to, amount } = transfer;
      await prisma.transactionWithRetry(
        async (tx) => {
          const rows = await tx.account.findMany({ where: { id: { in: [from, to] } } });
          const balances = new Map(rows.map((row) => [row.id, Number(row.balance)]));
          for (const { id: account, balance } of newBalances(transfer, balances)) {
            await tx.account.update({ where: { id: account }, data: { balance } });
          }
          await tx.entry.create({ data: { id, fromId: from, toId: to, amount } });
        },
        { ...retry, maxWait: PATIENCE_MS, timeout: PATIENCE_MS },
      );
    },
    async isStored(id) {
      return (await prisma.entry.count({ where: { id } })) === 1;
    },
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
