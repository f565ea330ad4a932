import { fileURLToPath } from "node:url";
import { DsqlPool } from "dsql-core";
import { dsql, PrismaDsql } from "prisma-dsql";
import { migrate } from "prisma-dsql/migrate";
import { PrismaClient } from "../../generated/prisma/client.ts";
import { type BankAdapter, DROP_TABLES } from "../bank.ts";

/** What prisma-dsql migrate new writes. */
const MIGRATIONS = new URL("../../../prisma/migrations", import.meta.url);

const CREATE_TABLES = [
  `create table accounts (id integer primary key, owner text not null, balance integer not null)`,
  `create table transfers (
    id uuid primary key,
    from_account integer not null references accounts (id),
    to_account integer not null references accounts (id),
    amount integer not null
  )`,
];

/** The bank in Prisma: the generated client over the driver adapter, and `prisma.transactionWithRetry` around each transfer. */
export const prismaBank: BankAdapter = {
  name: "prisma",
  async connect(options) {
    const pool = new DsqlPool({ ormPrefix: "prisma", ...options });
    const prisma = new PrismaClient({ adapter: new PrismaDsql(pool) }).$extends(dsql());
    return {
      pool,
      async createTables() {
        for (const statement of [...DROP_TABLES, ...CREATE_TABLES]) await prisma.$executeRawUnsafe(statement);
      },
      async migrate() {
        await migrate({ pool, migrationsFolder: fileURLToPath(MIGRATIONS) });
      },
      async open(accounts, balance) {
        const data = Array.from({ length: accounts }, (_, index) => ({
          id: index + 1,
          owner: `owner ${index + 1}`,
          balance,
        }));
        await prisma.account.createMany({ data });
      },
      async transfer({ from, to, amount }, onRetry) {
        await prisma.transactionWithRetry(
          async (tx) => {
            await tx.account.update({ where: { id: from }, data: { balance: { decrement: amount } } });
            await tx.account.update({ where: { id: to }, data: { balance: { increment: amount } } });
            await tx.transfer.create({ data: { fromAccount: from, toAccount: to, amount } });
          },
          { onRetry },
        );
      },
      async total() {
        const { _sum } = await prisma.account.aggregate({ _sum: { balance: true } });
        return _sum.balance ?? 0;
      },
      async busiest(limit) {
        const accounts = await prisma.account.findMany({
          include: { _count: { select: { outgoing: true, incoming: true } } },
        });
        return accounts
          .map(({ _count, ...account }) => ({ ...account, transfers: _count.outgoing + _count.incoming }))
          .sort((a, b) => b.transfers - a.transfers)
          .slice(0, limit);
      },
      async close() {
        await prisma.$disconnect();
        await pool.end();
      },
    };
  },
};
