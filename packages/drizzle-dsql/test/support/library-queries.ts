import { and, asc, desc, eq, gt, ilike, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import type { schema } from "./library-schema.ts";
import { reviews } from "./library-tables.ts";
import type { Queries } from "./same-rows.ts";

export type Library = NodePgDatabase<typeof schema>;

/** What DSQL takes as drizzle-orm builds it. */
export const sentAsBuilt: Queries<Library> = {
  "a table alone": (db) => db.query.members.findMany({ orderBy: (m) => asc(m.id) }),
  "extras of a relation's own row": (db) =>
    db.query.books.findMany({
      with: {
        owner: { extras: (m) => ({ shout: sql<string>`upper(${m.fullName}) || '!'`.as("shout") }) },
        reviews: { extras: (r) => ({ doubled: sql<number>`${r.stars} * 2`.as("doubled") }) },
      },
      orderBy: (b) => asc(b.id),
    }),
  "one to one, from either side": async (db) => [
    await db.query.members.findMany({ with: { card: true }, orderBy: (m) => asc(m.id) }),
    await db.query.cards.findMany({ with: { member: true }, orderBy: (c) => desc(c.id) }),
  ],
  "many to one with a missing one": (db) =>
    db.query.books.findMany({ with: { owner: true }, orderBy: (b) => asc(b.id) }),
  "one to many": (db) => db.query.members.findMany({ with: { books: true }, orderBy: (m) => asc(m.id) }),
  "many to many": (db) =>
    db.query.clubs.findMany({
      columns: { name: true },
      with: { members: { columns: { since: true }, with: { member: { columns: { fullName: true } } } } },
      orderBy: (c) => asc(c.id),
    }),
  "nested three deep": (db) =>
    db.query.members.findMany({
      with: { books: { with: { reviews: { with: { member: { with: { card: true, clubs: true } } } } } } },
      orderBy: (m) => asc(m.id),
    }),
  "filters at every level": (db) =>
    db.query.members.findMany({
      where: (m, { inArray }) => inArray(m.id, [1, 2, 3]),
      with: {
        books: {
          where: (b, { isNotNull }) => isNotNull(b.about),
          with: { reviews: { where: and(gt(reviews.stars, 1), ilike(reviews.body, "%a%")) } },
        },
      },
      orderBy: (m) => asc(m.id),
    }),
  "columns left out and put in": (db) =>
    db.query.members.findMany({
      columns: { joinedAt: false },
      with: { books: { columns: { about: true, printedOn: true } }, card: { columns: { id: false } } },
      orderBy: (m) => asc(m.id),
    }),
  "extras of the query itself": (db) =>
    db.query.members.findMany({
      extras: (m) => ({ shout: sql<string>`upper(${m.fullName})`.as("shout") }),
      with: { books: true },
      orderBy: (m) => asc(m.id),
    }),
  "the first of many": (db) =>
    db.query.members.findFirst({
      where: (m) => eq(m.fullName, "Ada"),
      with: { books: { with: { reviews: true } } },
    }),
  "the first of none": (db) =>
    db.query.members.findFirst({ where: (m) => eq(m.id, -1), with: { books: true } }).then((row) => [row]),
  "a prepared query": async (db) => {
    const prepared = db.query.members
      .findMany({
        where: (m) => eq(m.id, sql.placeholder("id")),
        with: { books: { limit: sql.placeholder("limit") } },
      })
      .prepare("member_with_books");
    return [await prepared.execute({ id: 1, limit: 1 }), await prepared.execute({ id: 2, limit: 9 })];
  },
};
