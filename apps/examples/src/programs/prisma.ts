// Prisma: the generated client over the driver adapter, a transaction with retry, and what to do about each error.
import { OccRetryExhaustedError } from "dsql-core";
import { dsql, dsqlErrorOf, PrismaDsql } from "prisma-dsql";
import { PrismaClient } from "../generated/prisma/client.ts";

const prisma = new PrismaClient({ adapter: new PrismaDsql(process.env.DATABASE_URL ?? "") }).$extends(dsql());

try {
  await prisma.$executeRaw`create table if not exists accounts (id integer primary key, owner text not null, balance integer not null)`;
  await prisma.account.upsert({
    where: { id: 1 },
    create: { id: 1, owner: "Ada", balance: 100 },
    update: { balance: 100 },
  });

  const left = await prisma.transactionWithRetry(async (tx) => {
    const account = await tx.account.findUniqueOrThrow({ where: { id: 1 } });
    if (account.balance < 10) throw new Error("not enough money");
    const { balance } = await tx.account.update({
      where: { id: 1 },
      data: { balance: account.balance - 10 },
    });
    return balance;
  });
  console.log(`Ada has ${left} left`);
} catch (error) {
  if (error instanceof OccRetryExhaustedError) console.error("Too busy, try again later:", error.message);
  else if (dsqlErrorOf(error)?.code === "DSQL_COMMIT_OUTCOME_UNKNOWN")
    console.error("Look whether it was paid:", error);
  else throw error;
  process.exitCode = 1;
} finally {
  await prisma.$disconnect();
}
