import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { useZoo } from "./zoo.ts";

const { db: dsql } = useZoo();

describe("schema builder, as far as DSQL goes", () => {
  it("creates, alters, renames and drops tables", async () => {
    const db = dsql();
    await db.schema
      .createTable("boat")
      .ifNotExists()
      .addColumn("id", "bigint", (column) => column.primaryKey())
      .addColumn("name", "varchar(40)", (column) => column.notNull().unique())
      .addColumn("crew", "integer", (column) => column.check(sql`crew >= 0`).defaultTo(1))
      .addColumn("doubled", "integer", (column) => column.generatedAlwaysAs(sql`crew * 2`).stored())
      .addUniqueConstraint("boat_name_crew", ["name", "crew"])
      .addCheckConstraint("boat_named", sql`name <> ''`)
      .execute();
    await db.schema.alterTable("boat").addColumn("colour", "text").execute();
    await db.schema
      .alterTable("boat")
      .alterColumn("colour", (column) => column.setDefault("red"))
      .execute();
    await db.schema.alterTable("boat").renameColumn("colour", "paint").execute();
    await sql`insert into boat (id, name) values (1, 'Ark')`.execute(db);
    const { rows } = await sql`select * from boat`.execute(db);
    expect(rows).toEqual([{ id: "1", name: "Ark", crew: 1, doubled: 2, paint: "red" }]);
    await db.schema.alterTable("boat").dropColumn("paint").execute();
    await db.schema.alterTable("boat").renameTo("ship").execute();
    await db.schema.dropTable("ship").execute();
    await db.schema.dropTable("ship").ifExists().execute();
  });

  it("creates foreign keys with the table", async () => {
    const db = dsql();
    await db.schema
      .createTable("cage")
      .addColumn("id", "integer", (column) => column.primaryKey())
      .addColumn("keeper", "integer", (column) => column.references("person.id").onDelete("cascade"))
      .execute();
    const orphan = sql`insert into cage values (1, 99)`.execute(db);
    await expect(orphan).rejects.toMatchObject({ code: "23503" });
    await sql`insert into cage values (1, 4)`.execute(db);
    await db.deleteFrom("person").where("id", "=", 4).execute();
    expect((await sql`select * from cage`.execute(db)).rows).toEqual([]);
    await db.schema.dropTable("cage").execute();
  });

  it("creates and drops schemas and views", async () => {
    const db = dsql();
    await db.schema.createSchema("aviary").ifNotExists().execute();
    const aviary = db.withSchema("aviary");
    await aviary.schema
      .createTable("bird")
      .addColumn("id", "integer", (column) => column.primaryKey())
      .execute();
    await sql`insert into aviary.bird values (7)`.execute(db);
    await db.schema
      .createView("birds")
      .orReplace()
      .as(db.selectFrom("aviary.bird" as "pet").select("id"))
      .execute();
    expect((await sql`select * from birds`.execute(db)).rows).toEqual([{ id: 7 }]);
    await db.schema.dropView("birds").execute();
    await aviary.schema.dropTable("bird").execute();
    await db.schema.dropSchema("aviary").execute();
  });

  it("rejects with DSQL's own error where plain SQL is refused", async () => {
    const db = dsql();
    const serial = sql`create table refused (id serial)`.execute(db);
    await expect(serial).rejects.toMatchObject({ code: "42704" });
    const retyped = sql`alter table pet alter column name type text`.execute(db);
    await expect(retyped).rejects.toMatchObject({ code: "0A000" });
    const twoStatements = db.transaction().execute(async (trx) => {
      await trx.schema.createTable("one").addColumn("id", "integer").execute();
      await trx.schema.createTable("two").addColumn("id", "integer").execute();
    });
    await expect(twoStatements).rejects.toMatchObject({ code: "0A000" });
  });
});
