import { aliasedTable, type Column, type SQL, sql } from "drizzle-orm";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { maySelectOuterRow } from "../src/relational/selected-sql.ts";

const books = pgTable("books", { id: integer().primaryKey(), title: text() });
const own = aliasedTable(books, "d1");
const others = aliasedTable(books, "d0");
const title = own.title as Column;

function extra(value: SQL): boolean {
  return maySelectOuterRow([{ field: title, fieldType: "Column" }, { field: value.as("extra") }], own);
}

describe("extras", () => {
  it.each([
    sql`length(${title})`,
    sql`${title} || ' of "members"."id" it''s'`,
    sql`coalesce(${own.id}, 0)::int + 1 * ${5}`,
    sql`case when ${own.id} > 3 and ${title} is not null then 'a' else upper(${title}) end`,
    sql`(${sql`lower(${title})`}) like ${"x%"}`,
    sql`${own.id} in (${[1, 2]})`,
    sql`now()`,
    sql`${sql.placeholder("tag")}::text`,
  ])("that name the relation's own row only are known as such: %#", (value) => {
    expect(extra(value)).toBe(false);
  });

  it.each([
    sql`"d0"."title"`,
    sql`title`,
    sql`d0.title || ${title}`,
    sql`${others.title}`,
    sql`length(title)`,
    sql`(select count(*) from reviews r where r.book_id = ${own.id})`,
    sql`(select(${title}))`,
    sql`exists (select 1)`,
    sql`${sql.identifier("d0")}.title`,
    sql`e'\\' || d0.title || \\''`,
    sql`$$a$$ || title`,
    sql`/* ' */ title /* ' */`,
    sql`${title} -- '`,
    sql`größe`,
    sql`U&"d0"`,
    sql`(d0)`,
    sql`d0.*`,
  ])("that may name another row are known as such: %#", (value) => {
    expect(extra(value)).toBe(true);
  });

  it("are looked for in the relations below, each with its own row", () => {
    const nested = (value: SQL) =>
      maySelectOuterRow([{ fieldType: "Nested", field: others, selection: [{ field: value }] }], own);
    expect(nested(sql`${others.title}`)).toBe(false);
    expect(nested(sql`${own.title}`)).toBe(true);
  });
});
