// Migrates with Kysely's migrations; see adapter-conformance.
import { runMigrationChild } from "adapter-conformance/migration-child";
import { Kysely, sql } from "kysely";
import { DsqlDialect } from "kysely-dsql";
import { DsqlMigrator } from "kysely-dsql/migrate";

const migrations = {
  1: {
    async up(db) {
      await db.schema
        .createTable("account")
        .addColumn("id", "bigint", (column) => column.primaryKey())
        .addColumn("email", "text")
        .addColumn("visits", "integer")
        .execute();
      await db
        .insertInto("account")
        .values([
          { id: 1, email: "a@example.com", visits: 0 },
          { id: 2, email: "b@example.com", visits: 0 },
        ])
        .execute();
      await db.schema.createIndex("account_email").unique().on("account").column("email").execute();
    },
  },
  2: {
    async up(db) {
      const { visits } = await db
        .updateTable("account")
        .set({ visits: sql`visits + 1` })
        .where("id", "=", 1)
        .returning("visits")
        .executeTakeFirstOrThrow();
      await db.transaction().execute(async (trx) => {
        const rows = await trx.selectFrom("account").select("id").orderBy("id").execute();
        for (const { id } of rows) {
          await trx
            .updateTable("account")
            .set({ visits: sql`visits + ${visits}` })
            .where("id", "=", id)
            .execute();
        }
      });
      await db.schema
        .alterTable("account")
        .addColumn("active", "boolean", (column) => column.defaultTo(true))
        .execute();
      await sql`alter table account rename column email to mail`.execute(db);
    },
  },
  3: {
    async up(db) {
      await db.schema.dropIndex("account_email").execute();
      await db.schema.createIndex("account_visits").on("account").column("visits").execute();
      await db.updateTable("account").set({ visits: sql`visits + 1` }).execute();
    },
  },
};

await runMigrationChild(async ({ pool, ...given }) => {
  const db = new Kysely({ dialect: new DsqlDialect({ pool }) });
  const migrator = new DsqlMigrator({ db, provider: { getMigrations: async () => migrations }, ...given });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
});
