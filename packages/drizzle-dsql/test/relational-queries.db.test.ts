import { relations, sql } from "drizzle-orm";
import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { drizzle } from "../src/index.ts";
import { joinedInside } from "./support/joined-queries.ts";
import { type Library, sentAsBuilt } from "./support/library-queries.ts";
import { schema } from "./support/library-schema.ts";
import { itReturnsTheSameRows } from "./support/same-rows.ts";
import { useLibrary } from "./support/use-library.ts";

const { pool, plain } = useLibrary();

describe("a relational query returns on DSQL what drizzle-orm returns on PostgreSQL", () => {
  itReturnsTheSameRows({ sentAsBuilt, joinedInside }, (oursSends, installedSends) => {
    const ours = drizzle(pool(), { schema, logger: oursSends });
    const installed: Library = installedDrizzle(plain(), { schema, logger: installedSends });
    return { ours, installed, inTransaction: (run) => ours.transaction(async (tx) => await run(tx)) };
  });

  it("with names that drizzle-orm's casing makes", async () => {
    const members = pgTable("members", { id: integer().primaryKey(), fullName: text() });
    const books = pgTable("books", { id: integer().primaryKey(), ownerId: integer() });
    const owner = relations(books, ({ one }) => ({
      owner: one(members, { fields: [books.ownerId], references: [members.id] }),
    }));
    const config = { schema: { members, books, owner }, casing: "snake_case" } as const;
    const query = { with: { owner: { extras: { bookId: sql`"books"."id"`.as("bookId") } } } };
    const [ours, installed] = [drizzle(pool(), config), installedDrizzle(plain(), config)];
    expect(await ours.query.books.findMany(query)).toEqual(await installed.query.books.findMany(query));
  });

  it("where DSQL refuses what drizzle-orm builds", async () => {
    const unchanged: Library = installedDrizzle(pool(), { schema });
    const refused = joinedInside["extras of a many relation that name the outer row"]?.(unchanged);
    await expect(refused).rejects.toMatchObject({
      cause: { code: "42804", message: "attribute 1 of type books has wrong type" },
    });
  });
});
