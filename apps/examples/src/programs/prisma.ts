// Prisma: the generated client over the driver adapter, a transaction with retry, and what to do about each error.
import { dsql, dsqlErrorOf, PrismaDsql } from "prisma-dsql";
import { PrismaClient } from "../generated/prisma/client.ts";

const prisma = new PrismaClient({ adapter: new PrismaDsql(process.env.DATABASE_URL) }).$extends(dsql());

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
  const { code, message } = dsqlErrorOf(error) ?? {};
  if (code === "DSQL_OCC_RETRY_EXHAUSTED") console.error("Too busy, try again later:", message);
  else if (code === "DSQL_COMMIT_OUTCOME_UNKNOWN") console.error("Check whether it was paid:", message);
  else throw error;
  process.exitCode = 1;
} finally {
  await prisma.$disconnect();
}
