import type { Kysely } from "kysely";

/** The first migration of the Kysely demo; `down` undoes it. */
export const bank = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createBankTables(db);
    await db.schema.createIndex("transfers_from_account").on("transfers").column("from_account").execute();
  },
  async down(db: Kysely<unknown>): Promise<void> {
    await db.schema.dropTable("transfers").execute();
    await db.schema.dropTable("accounts").execute();
  },
};

/** Creates the tables without the index, in a Kysely of any database type. */
export async function createBankTables(db: Pick<Kysely<unknown>, "schema">): Promise<void> {
  await db.schema
    .createTable("accounts")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("balance", "integer", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("transfers")
    .addColumn("id", "uuid", (column) => column.primaryKey())
    .addColumn("from_account", "integer", (column) => column.notNull().references("accounts.id"))
    .addColumn("to_account", "integer", (column) => column.notNull().references("accounts.id"))
    .addColumn("amount", "integer", (column) => column.notNull())
    .execute();
}
