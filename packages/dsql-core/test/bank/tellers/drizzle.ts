import { drizzle } from "drizzle-dsql";
import { eq, inArray } from "drizzle-orm";
import { bigint, integer, pgTable, text } from "drizzle-orm/pg-core";
import { type BankPoolOptions, bankPool } from "../bank-pool.ts";
import { newBalances, type Teller } from "../transfer.ts";

const accounts = pgTable("accounts", {
  id: integer().primaryKey(),
  balance: bigint({ mode: "number" }).notNull(),
});
const ledger = pgTable("ledger", {
  id: text().primaryKey(),
  from_id: integer().notNull(),
  to_id: integer().notNull(),
  amount: bigint({ mode: "number" }).notNull(),
});

/** Transfers through Drizzle. */
export async function drizzleTeller(options: BankPoolOptions): Promise<Teller> {
  const pool = bankPool(options);
  const db = drizzle(pool);
  return {
    async transfer(transfer, retry) {
      const { id, from, to, amount } = transfer;
      await db.transactionWithRetry(async (tx) => {
        const rows = await tx
          .select()
          .from(accounts)
          .where(inArray(accounts.id, [from, to]));
        const balances = new Map(rows.map((row) => [row.id, row.balance]));
        for (const { id: account, balance } of newBalances(transfer, balances)) {
          await tx.update(accounts).set({ balance }).where(eq(accounts.id, account));
        }
        await tx.insert(ledger).values({ id, from_id: from, to_id: to, amount });
      }, retry);
    },
    async isStored(id) {
      return (await db.select().from(ledger).where(eq(ledger.id, id))).length === 1;
    },
    close: () => pool.end(),
  };
}
