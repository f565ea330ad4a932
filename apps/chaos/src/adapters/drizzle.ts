import { drizzle } from "drizzle-dsql";
import { eq } from "drizzle-orm";
import { integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import type { LocalConnection } from "dsql-local";
import { type Adapter, chaosPool } from "../adapter.ts";

const accounts = pgTable("accounts", { id: integer().primaryKey(), balance: integer().notNull() });
const entries = pgTable("entries", {
  id: uuid().primaryKey().defaultRandom(),
  deposit: text().notNull(),
  account: integer().notNull(),
  amount: integer().notNull(),
});

/** Deposits through Drizzle. */
export function drizzleAdapter(connection: LocalConnection): Adapter {
  const pool = chaosPool(connection);
  const db = drizzle(pool);
  const balanceOf = async (source: Pick<typeof db, "select">, account: number) => {
    const [row] = await source.select().from(accounts).where(eq(accounts.id, account));
    return (row as { balance: number }).balance;
  };
  return {
    async deposit({ name, account, amount }) {
      await db.transactionWithRetry(async (tx) => {
        const balance = (await balanceOf(tx, account)) + amount;
        await tx.update(accounts).set({ balance }).where(eq(accounts.id, account));
        await tx.insert(entries).values({ deposit: name, account, amount });
      });
    },
    async enter({ name, account }) {
      await db.insert(entries).values({ deposit: name, account, amount: 0 });
    },
    balance: (account) => balanceOf(db, account),
    close: () => pool.end(),
  };
}
