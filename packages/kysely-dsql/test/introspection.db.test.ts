import { sql } from "kysely";
import { expect, it } from "vitest";
import { useLocalDatabase } from "./local-database.ts";

const { open } = useLocalDatabase();

it("lists schemas without DSQL's own", async () => {
  const { db } = open();
  await db.schema.createSchema("bank").execute();
  const names = (await db.introspection.getSchemas()).map((schema) => schema.name);
  expect(names).toContain("public");
  expect(names).toContain("bank");
  expect(names).not.toContain("sys");
});

it("lists tables and views with their columns", async () => {
  const { db } = open();
  await db.schema
    .createTable("ledger")
    .addColumn("id", "uuid", (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn("note", "varchar(20)")
    .execute();
  await sql`comment on column ledger.note is 'why'`.execute(db);
  await db.schema
    .createView("rich")
    .as(db.selectFrom("account").selectAll().where("balance", ">", 1000))
    .execute();
  const tables = await db.introspection.getTables();
  expect(tables.filter((table) => table.schema === "sys")).toEqual([]);
  expect(tables.find((table) => table.name === "ledger")).toMatchObject({
    schema: "public",
    isView: false,
    columns: [
      { name: "id", dataType: "uuid", isNullable: false, hasDefaultValue: true, isAutoIncrementing: false },
      { name: "note", dataType: "varchar", isNullable: true, hasDefaultValue: false, comment: "why" },
    ],
  });
  expect(tables.find((table) => table.name === "rich")).toMatchObject({ isView: true });
});
