import { AsyncJobFailedError, DsqlConfigError } from "dsql-core";
import { type Kysely, sql } from "kysely";
import { describe, expect, it } from "vitest";
import { addConstraintNotValid, validateConstraint } from "../src/index.ts";
import { type Database, useLocalDatabase } from "./local-database.ts";

const { open } = useLocalDatabase();

describe("an identity column", () => {
  it.each([undefined, 1, 100_000])("numbers rows with identityCache %s", async (identityCache) => {
    const { db } = open({ identityCache });
    const table = `numbered_${identityCache ?? "default"}`;
    await db.schema
      .createTable(table)
      .addColumn("id", "bigint", (column) => column.primaryKey().generatedByDefaultAsIdentity())
      .addColumn("other", "bigint", (column) => column.generatedAlwaysAsIdentity())
      .addColumn("owner", "text")
      .execute();
    const insert = sql<{
      id: string;
    }>`insert into ${sql.table(table)} (owner) values ('Ada'), ('Bob') returning id`;
    const { rows } = await insert.execute(db);
    expect(new Set(rows.map((row) => row.id)).size).toBe(2);
  });
});

describe("a constraint of an existing table", () => {
  const check = (db: Kysely<Database>, name: string) =>
    db.schema.alterTable("account").addCheckConstraint(name, sql`balance >= 0`);

  it("is added as NOT VALID, holds for new rows, and can be validated", async () => {
    const { db } = open();
    await addConstraintNotValid(db, check(db, "not_negative"));
    const insert = db.insertInto("account").values({ id: "minus", owner: "Ada", balance: -1 }).execute();
    await expect(insert).rejects.toMatchObject({ code: "23514" });
    await validateConstraint(db, "public.account", "not_negative");
    const valid = await sql`select convalidated from pg_constraint where conname = 'not_negative'`.execute(
      db,
    );
    expect(valid.rows).toEqual([{ convalidated: true }]);
    await db.schema.alterTable("account").dropConstraint("not_negative").execute();
  });

  it("may be a foreign key", async () => {
    const { db } = open();
    await db.schema.createTable("loan").addColumn("id", "uuid").addColumn("account", "text").execute();
    const key = db.schema
      .alterTable("loan")
      .addForeignKeyConstraint("of_account", ["account"], "account", ["id"]);
    await addConstraintNotValid(db, key.onDelete("cascade"));
    await validateConstraint(db, "loan", "of_account");
    await expect(
      sql`insert into loan values (gen_random_uuid(), 'nobody')`.execute(db),
    ).rejects.toMatchObject({
      code: "23503",
    });
  });

  it("rejects when a row violates it", async () => {
    const { db } = open();
    await db.insertInto("account").values({ id: "debtor", owner: "Bob", balance: -5 }).execute();
    await addConstraintNotValid(db, check(db, "violated"));
    await expect(validateConstraint(db, "account", "violated")).rejects.toThrow(AsyncJobFailedError);
    await db.schema.alterTable("account").dropConstraint("violated").execute();
  });

  it("is refused before anything is sent where it cannot be added", async () => {
    const { db, pool } = open();
    const unique = db.schema.alterTable("account").addUniqueConstraint("one_each", ["owner"]);
    await expect(addConstraintNotValid(db, unique)).rejects.toThrow(DsqlConfigError);
    expect(pool.stats.connectionsOpened).toBe(0);
  });
});
