import { and, asc, desc, eq, exists, gt, ilike, sql } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import { books, clubMembers, reviews, type schema } from "./library-schema.ts";

export type Library = NodePgDatabase<typeof schema>;

type Queries = Record<string, (db: Library) => Promise<unknown>>;

/** What DSQL takes as drizzle-orm builds it. */
export const sentAsBuilt: Queries = {
  "a table alone": (db) => db.query.members.findMany({ orderBy: (m) => asc(m.id) }),
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

/** Relations with SQL of the caller's own in their select lists, which DSQL refuses where it names the outer row. */
export const joinedInside: Queries = {
  "a table that refers to itself": (db) =>
    db.query.members.findMany({
      with: { inviter: { with: { inviter: true } }, invited: { orderBy: (m) => desc(m.fullName) } },
      orderBy: (m) => asc(m.id),
    }),
  "a filter by a subquery": (db) =>
    db.query.books.findMany({
      where: (b) => exists(db.select({ one: sql`1` }).from(reviews).where(eq(reviews.bookId, b.id))),
      with: { reviews: { orderBy: asc(reviews.id) } },
      orderBy: (b) => asc(b.id),
    }),
  "order, limit and offset at every level": (db) =>
    db.query.members.findMany({
      orderBy: (m) => [desc(m.invitedBy), asc(m.fullName)],
      limit: 3,
      offset: 1,
      with: {
        books: {
          orderBy: desc(books.title),
          limit: 1,
          with: { reviews: { orderBy: asc(reviews.stars), limit: 2, offset: 1 } },
        },
        clubs: { orderBy: desc(clubMembers.clubId), limit: 1 },
      },
    }),
  "extras of a relation's own row": (db) =>
    db.query.members.findMany({
      with: {
        books: {
          extras: (b) => ({ titleLength: sql<number>`length(${b.title})`.as("title_length") }),
          orderBy: desc(books.id),
        },
      },
      orderBy: (m) => asc(m.id),
    }),
  "extras of a many relation that name the outer row": (db) =>
    db.query.members.findMany({
      with: {
        books: {
          extras: { label: sql<string>`${books.title} || ' of ' || "members"."full_name"`.as("label") },
        },
      },
      orderBy: (m) => asc(m.id),
    }),
  "extras of a one relation that name the outer row, found or not": (db) =>
    db.query.books.findMany({
      with: { owner: { extras: { label: sql<string>`"books"."title" || '?'`.as("label") } } },
      orderBy: (b) => asc(b.id),
    }),
  "a many relation in an order that names the outer row": (db) =>
    db.query.members.findMany({
      with: { books: { orderBy: [sql`("members"."id" = 1) and ${books.title} = 'Sea'`, desc(books.id)] } },
      orderBy: (m) => asc(m.id),
    }),
  "extras three deep that name the outermost row": (db) =>
    db.query.members.findMany({
      with: {
        card: true,
        books: {
          limit: 2,
          with: {
            owner: true,
            reviews: {
              orderBy: asc(reviews.stars),
              with: {
                member: {
                  columns: { fullName: true },
                  extras: { seenBy: sql<string>`"members"."full_name"`.as("seen_by") },
                },
              },
            },
          },
        },
      },
      orderBy: (m) => asc(m.id),
    }),
  "extras that count, in a one relation of a one relation": (db) =>
    db.query.reviews.findMany({
      with: {
        book: {
          with: {
            owner: {
              extras: (m) => ({
                books: sql<number>`(select count(*)::int from books b where b.owner_id = ${m.id})`.as(
                  "books",
                ),
                stars: sql<number>`"reviews"."stars"`.as("stars"),
              }),
            },
          },
        },
      },
      orderBy: (r) => asc(r.id),
    }),
};
