import { asc, desc, eq, exists, gt, ilike, sql } from "drizzle-orm";
import type { Library } from "./library-queries.ts";
import { books, clubMembers, reviews } from "./library-tables.ts";
import type { Queries } from "./same-rows.ts";

/** Relations with SQL of the caller's own in their select lists, which DSQL refuses where it names the outer row. */
export const joinedInside: Queries<Library> = {
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
  "a prepared query with placeholders at every level": async (db) => {
    const label = sql<string>`${sql.placeholder("tag")}::text || "members"."full_name"`.as("label");
    const prepared = db.query.members
      .findMany({
        where: (m) => gt(m.id, sql.placeholder("after")),
        orderBy: (m) => asc(m.id),
        limit: sql.placeholder("members"),
        with: {
          books: {
            where: (b) => ilike(b.title, sql.placeholder("title")),
            limit: sql.placeholder("books"),
            orderBy: asc(books.id),
            extras: { label },
            with: { owner: { extras: { label } }, reviews: true },
          },
        },
      })
      .prepare("members_with_labels");
    return [
      await prepared.execute({ after: 0, members: 1, title: "%", books: 2, tag: "of " }),
      await prepared.execute({ after: 1, members: 9, title: "F%", books: 1, tag: "by " }),
    ];
  },
};
