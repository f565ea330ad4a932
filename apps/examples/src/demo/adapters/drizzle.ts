import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-dsql";
import { migrate } from "drizzle-dsql/migrate";
import { count, desc, eq, or, sql, sum } from "drizzle-orm";
import { integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";
import { type BankAdapter, DROP_TABLES } from "../bank.ts";

const accounts = pgTable("accounts", {
  id: integer("id").primaryKey(),
  owner: text("owner").notNull(),
  balance: integer("balance").notNull(),
});

const transfers = pgTable("transfers", {
  id: uuid("id").primaryKey().defaultRandom(),
  fromAccount: integer("from_account")
    .notNull()
    .references(() => accounts.id),
  toAccount: integer("to_account")
    .notNull()
    .references(() => accounts.id),
  amount: integer("amount").notNull(),
});

/** What drizzle-kit generate writes. */
const MIGRATIONS = new URL("../../../migrations/drizzle", import.meta.url);

const CREATE_TABLES = [
  sql`create table accounts (id integer primary key, owner text not null, balance integer not null)`,
  sql`create table transfers (
    id uuid primary key default gen_random_uuid(),
    from_account integer not null references accounts (id),
    to_account integer not null references accounts (id),
    amount integer not null
  )`,
];

/** The bank in Drizzle: stock queries, and `db.transactionWithRetry` around each transfer. */
export const drizzleBank: BankAdapter = {
  name: "drizzle",
  async connect(options) {
    const pool = new DsqlPool({ ormPrefix: "drizzle", ...options });
    const db = drizzle(pool);
    return {
      pool,
      async createTables() {
        for (const statement of DROP_TABLES) await db.execute(statement);
        for (const statement of CREATE_TABLES) await db.execute(statement);
      },
      async migrate() {
        await migrate(db, { migrationsFolder: fileURLToPath(MIGRATIONS) });
      },
      async open(howMany, balance) {
        const rows = Array.from({ length: howMany }, (_, index) => ({
          id: index + 1,
          owner: `owner ${index + 1}`,
          balance,
        }));
        await db.insert(accounts).values(rows);
      },
      async transfer({ from, to, amount }, onRetry) {
        await db.transactionWithRetry(
          async (tx) => {
            await tx
              .update(accounts)
              .set({ balance: sql`${accounts.balance} - ${amount}` })
              .where(eq(accounts.id, from));
            await tx
              .update(accounts)
              .set({ balance: sql`${accounts.balance} + ${amount}` })
              .where(eq(accounts.id, to));
            await tx.insert(transfers).values({ fromAccount: from, toAccount: to, amount });
          },
          { onRetry },
        );
      },
      async total() {
        const [row] = await db.select({ total: sum(accounts.balance) }).from(accounts);
        return Number(row?.total);
      },
      async busiest(limit) {
        const touched = count(transfers.id);
        return await db
          .select({ id: accounts.id, owner: accounts.owner, balance: accounts.balance, transfers: touched })
          .from(accounts)
          .innerJoin(
            transfers,
            or(eq(transfers.fromAccount, accounts.id), eq(transfers.toAccount, accounts.id)),
          )
          .groupBy(accounts.id, accounts.owner, accounts.balance)
          .orderBy(desc(touched))
          .limit(limit);
      },
      async close() {
        await pool.end();
      },
    };
  },
};
