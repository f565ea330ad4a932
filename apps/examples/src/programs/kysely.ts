// Kysely: a typed schema, a query, a transaction with retry, and what to do about each error.
import { CommitOutcomeUnknownError, OccRetryExhaustedError } from "dsql-core";
import { type Generated, Kysely, sql } from "kysely";
import { DsqlDialect } from "kysely-dsql";

interface Database {
  books: { id: Generated<string>; title: string; stock: number };
}

const db = new Kysely<Database>({
  dialect: new DsqlDialect({ connectionString: process.env.DATABASE_URL }),
});

try {
  await db.schema
    .createTable("books")
    .ifNotExists()
    .addColumn("id", "uuid", (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn("title", "text", (column) => column.notNull())
    .addColumn("stock", "integer", (column) => column.notNull())
    .execute();

  const book = await db
    .insertInto("books")
    .values({ title: "A Pattern Language", stock: 3 })
    .returningAll()
    .executeTakeFirstOrThrow();

  const left = await db.transactionWithRetry(async (trx) => {
    const { stock } = await trx
      .selectFrom("books")
      .select("stock")
      .where("id", "=", book.id)
      .executeTakeFirstOrThrow();
    if (stock === 0) throw new Error("sold out");
    await trx
      .updateTable("books")
      .set({ stock: stock - 1 })
      .where("id", "=", book.id)
      .execute();
    return stock - 1;
  });
  console.log(`${book.title}: ${left} left`);
} catch (error) {
  if (error instanceof OccRetryExhaustedError) console.error("Too busy, try again later:", error.message);
  else if (error instanceof CommitOutcomeUnknownError)
    console.error("Check whether it was sold:", error.message);
  else throw error;
  process.exitCode = 1;
} finally {
  await db.destroy();
}
