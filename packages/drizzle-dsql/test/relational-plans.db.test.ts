import { relations, sql } from "drizzle-orm";
import { drizzle as installedDrizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, text } from "drizzle-orm/pg-core";
import { beforeAll, it } from "vitest";
import { drizzle } from "../src/index.ts";
import { expectMemoizedAlike, fillTomes } from "./support/memoized-plan.ts";
import { useLibrary } from "./support/use-library.ts";

const { plain } = useLibrary();

const authors = pgTable("authors", { id: integer().primaryKey(), name: text().notNull() });
const tomes = pgTable("tomes", {
  id: integer().primaryKey(),
  authorId: integer("author_id").notNull(),
  shelf: integer().notNull(),
});
const author = relations(tomes, ({ one }) => ({
  author: one(authors, { fields: [tomes.authorId], references: [authors.id] }),
}));
const schema = { authors, tomes, author };

beforeAll(async () => await fillTomes(plain()));

it("a relation that names the outer row is planned to keep rows, as drizzle-orm's own is", async () => {
  const query = { with: { author: { extras: { shelf: sql`"tomes"."shelf"`.as("shelf") } } } };
  await expectMemoizedAlike(
    plain(),
    drizzle.mock({ schema }).query.tomes.findMany(query),
    installedDrizzle.mock({ schema }).query.tomes.findMany(query),
  );
});
