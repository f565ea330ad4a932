import { drizzle } from "drizzle-dsql";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";

const counters = pgTable("counters", { id: integer().primaryKey(), n: integer().notNull() });

const count = async (db: NodePgDatabase) => (await db.select().from(counters)).length;

export async function main(): Promise<number> {
  const db = drizzle(process.env.DATABASE_URL);
  const other = drizzle({ connection: process.env.DATABASE_URL, logger: true });
  const options = { connectionString: process.env.DATABASE_URL, max: undefined };
  const third = drizzle({ client: new DsqlPool(options) });
  await other.transaction(async (tx) => tx.select().from(counters), { accessMode: undefined });
  await third.transactionWithRetry(async (tx) => tx.select().from(counters), {
    signal: undefined,
    maxAttempts: 3,
  });
  return await count(db);
}
