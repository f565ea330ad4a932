import { defineRelations, sql } from "drizzle-orm";
import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { beforeAll, it } from "vitest";
import { drizzle } from "../../src/index.ts";
import { expectMemoizedAlike, fillTomes } from "../../test/support/memoized-plan.ts";
import { useLibrary } from "../../test/support/use-library.ts";

const { plain } = useLibrary();

const authors = pgTable("authors", { id: integer().primaryKey(), name: text().notNull() });
const tomes = pgTable("tomes", {
  id: integer().primaryKey(),
  authorId: integer("author_id").notNull(),
  shelf: integer().notNull(),
});
const relations = defineRelations({ authors, tomes }, ({ one, authors, tomes }) => ({
  tomes: { author: one.authors({ from: tomes.authorId, to: authors.id }) },
}));

beforeAll(async () => await fillTomes(plain()));

it("a relation that names the outer row is planned to keep rows, as drizzle-orm's own is", async () => {
  const query = { with: { author: { extras: { shelf: sql`"d0"."shelf"` } } } };
  await expectMemoizedAlike(
    plain(),
    drizzle.mock({ relations }).query.tomes.findMany(query),
    installedDrizzle.mock({ relations }).query.tomes.findMany(query),
  );
});
