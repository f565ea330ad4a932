import { eq, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { books } from "../../../test/support/library-tables.ts";
import type { Queries } from "../../../test/support/same-rows.ts";
import type { relations } from "./library-relations.ts";

export type Library = NodePgDatabase<typeof relations>;

/** What DSQL takes as drizzle-orm builds it. */
export const sentAsBuilt: Queries<Library> = {
  "a table alone": (db) => db.query.members.findMany({ orderBy: { id: "asc" } }),
  "extras of a relation's own row": (db) =>
    db.query.books.findMany({
      with: {
        owner: { extras: { shout: (m) => sql<string>`upper(${m.fullName}) || '!'` } },
        reviews: { extras: { doubled: (r) => sql<number>`${r.stars} * 2` }, orderBy: { id: "desc" } },
      },
      orderBy: { id: "asc" },
    }),
  "one to one, from either side": async (db) => [
    await db.query.members.findMany({ with: { card: true }, orderBy: { id: "asc" } }),
    await db.query.cards.findMany({ with: { member: true }, orderBy: { id: "desc" } }),
  ],
  "many to one with a missing one": (db) =>
    db.query.books.findMany({ with: { owner: true }, orderBy: { id: "asc" } }),
  "one to many": (db) => db.query.members.findMany({ with: { books: true }, orderBy: { id: "asc" } }),
  "many to many, through a table": async (db) => [
    await db.query.clubs.findMany({ with: { members: { orderBy: { id: "asc" } } }, orderBy: { id: "asc" } }),
    await db.query.members.findMany({
      columns: { fullName: true },
      with: {
        clubs: {
          columns: { name: true },
          where: { name: { like: "%n%" } },
          limit: 1,
          orderBy: { id: "desc" },
        },
      },
      orderBy: { id: "asc" },
    }),
  ],
  "a table that refers to itself": (db) =>
    db.query.members.findMany({
      with: { inviter: { with: { inviter: true } }, invited: { orderBy: { fullName: "desc" } } },
      orderBy: { id: "asc" },
    }),
  "nested three deep": (db) =>
    db.query.members.findMany({
      with: { books: { with: { reviews: { with: { member: { with: { card: true, clubs: true } } } } } } },
      orderBy: { id: "asc" },
    }),
  "a view, from either side": async (db) => [
    await db.query.books.findMany({ with: { stars: { with: { book: true } } }, orderBy: { id: "asc" } }),
    await db.query.bookStars.findMany({
      where: { book: { title: "Sea" } },
      with: { book: { with: { stars: true } } },
    }),
  ],
  "filters at every level, and in the relation": (db) =>
    db.query.members.findMany({
      where: { id: { in: [1, 2, 3] }, NOT: { fullName: "Nobody" } },
      with: {
        bestReviews: true,
        books: {
          where: { about: { isNotNull: true } },
          with: { reviews: { where: { OR: [{ stars: 5 }, { body: { ilike: "%a%" } }] } } },
        },
      },
      orderBy: { id: "asc" },
    }),
  "filters by a relation": async (db) => [
    await db.query.books.findMany({
      where: { reviews: { stars: { gt: 3 } }, owner: true },
      with: { reviews: { where: { member: { card: { fee: { isNotNull: true } } } } } },
      orderBy: { id: "asc" },
    }),
    await db.query.members.findMany({ where: { clubs: false }, with: { books: true } }),
  ],
  "order, limit and offset at every level": (db) =>
    db.query.members.findMany({
      orderBy: { invitedBy: "desc", fullName: "asc" },
      limit: 3,
      offset: 1,
      with: {
        books: {
          orderBy: { title: "desc" },
          limit: 1,
          with: { reviews: { orderBy: (r, { asc }) => asc(r.stars), limit: 2, offset: 1 } },
        },
      },
    }),
  "order by a relation": (db) =>
    db.query.members.findMany({ orderBy: { books: "desc(count)", id: "asc" }, with: { books: true } }),
  "columns left out and put in": (db) =>
    db.query.members.findMany({
      columns: { joinedAt: false },
      with: { books: { columns: { about: true, printedOn: true } }, card: { columns: { id: false } } },
      orderBy: { id: "asc" },
    }),
  "extras of the query itself": (db) =>
    db.query.members.findMany({
      extras: {
        shout: (m) => sql<string>`upper(${m.fullName})`,
        books: (m) => db.$count(books, eq(books.ownerId, m.id)),
      },
      with: { card: true },
      orderBy: { id: "asc" },
    }),
  "the first of many": (db) =>
    db.query.members.findFirst({ where: { fullName: "Ada" }, with: { books: { with: { reviews: true } } } }),
  "the first of none": (db) =>
    db.query.members.findFirst({ where: { id: -1 }, with: { books: true } }).then((row) => [row]),
  "a prepared query": async (db) => {
    const prepared = db.query.members
      .findMany({
        where: { id: { eq: sql.placeholder("id") } },
        with: { books: { limit: sql.placeholder("limit") } },
      })
      .prepare("member_with_books");
    return [await prepared.execute({ id: 1, limit: 1 }), await prepared.execute({ id: 2, limit: 9 })];
  },
  "the basic strategy": (db) =>
    db.query.members.findMany({
      strategy: "basic",
      with: { books: { limit: 2, with: { reviews: true } } },
      orderBy: { id: "asc" },
    }),
};
