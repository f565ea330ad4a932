// Drizzle: a schema, a query, a transaction with retry, and what to do about each error.

import { drizzle } from "drizzle-dsql";
import { eq, sql } from "drizzle-orm";
import { integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { CommitOutcomeUnknownError, OccRetryExhaustedError } from "dsql-core";

const seats = pgTable("seats", {
  id: uuid("id").primaryKey().defaultRandom(),
  show: text("show").notNull(),
  free: integer("free").notNull(),
});

const db = drizzle({ connection: process.env.DATABASE_URL ?? "" });

try {
  await db.execute(
    sql`create table if not exists seats (id uuid primary key default gen_random_uuid(), show text not null, free integer not null)`,
  );
  const [show] = await db.insert(seats).values({ show: "Hamlet", free: 2 }).returning();
  if (!show) throw new Error("nothing was inserted");

  const left = await db.transactionWithRetry(async (tx) => {
    const [row] = await tx.select().from(seats).where(eq(seats.id, show.id));
    if (!row || row.free === 0) throw new Error("sold out");
    await tx
      .update(seats)
      .set({ free: row.free - 1 })
      .where(eq(seats.id, show.id));
    return row.free - 1;
  });
  console.log(`${show.show}: ${left} seats left`);
} catch (error) {
  if (error instanceof OccRetryExhaustedError) console.error("Too busy, try again later:", error.message);
  else if (error instanceof CommitOutcomeUnknownError)
    console.error("Check whether it was booked:", error.message);
  else throw error;
  process.exitCode = 1;
} finally {
  await db.$client.end();
}
