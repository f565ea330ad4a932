import { eq, sql } from "drizzle-orm";
import { reviews } from "../../../test/support/library-tables.ts";
import type { Queries } from "../../../test/support/same-rows.ts";
import type { Library } from "./library-queries.ts";

/** Relations with SQL of the caller's own in their select lists, which DSQL may refuse where it names the outer row. */
export const joinedInside: Queries<Library> = {
  "extras that count the rows of another table": (db) =>
    db.query.members.findMany({
      with: {
        books: {
          extras: { reviews: (b) => db.$count(reviews, eq(reviews.bookId, b.id)) },
          orderBy: { id: "desc" },
        },
      },
      orderBy: { id: "asc" },
    }),
  "extras of a many relation that name the outer row": (db) =>
    db.query.members.findMany({
      with: { books: { extras: { label: (b) => sql<string>`${b.title} || ' of ' || "d0"."full_name"` } } },
      orderBy: { id: "asc" },
    }),
  "extras of a one relation that name the outer row, found or not": (db) =>
    db.query.books.findMany({
      with: { owner: { extras: { label: sql<string>`"d0"."title" || '?'` } } },
      orderBy: { id: "asc" },
    }),
  "extras through a table": (db) =>
    db.query.clubs.findMany({
      with: {
        members: {
          extras: { label: (m) => sql<string>`${m.fullName} || ' in ' || "d0"."name"` },
          limit: 1,
          orderBy: { id: "asc" },
        },
      },
      orderBy: { id: "asc" },
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
              orderBy: { stars: "asc", id: "asc" },
              with: {
                member: { columns: { fullName: true }, extras: { seenBy: sql<string>`"d0"."full_name"` } },
              },
            },
          },
        },
      },
      orderBy: { id: "asc" },
    }),
  "extras in a one relation of a one relation": (db) =>
    db.query.reviews.findMany({
      with: {
        book: {
          with: { owner: { extras: { stars: sql<number>`"d0"."stars"`, title: sql<string>`"d1"."title"` } } },
        },
      },
      orderBy: { id: "asc" },
    }),
  "extras that name a view's row, found or not": (db) =>
    db.query.books.findMany({
      with: { stars: { extras: { label: (v) => sql<string>`${v.best} || "d0"."title"` } } },
      orderBy: { id: "asc" },
    }),
  "extras of a relation that another relation filters": (db) =>
    db.query.members.findMany({
      with: {
        books: {
          where: { reviews: { stars: { gt: 1 } } },
          orderBy: { id: "desc" },
          limit: 1,
          extras: { owner: sql<string>`"d0"."full_name"` },
          with: { reviews: { where: { member: { card: true } }, orderBy: { id: "asc" } } },
        },
      },
      orderBy: { id: "asc" },
    }),
  "a prepared query with placeholders at every level": async (db) => {
    const label = sql<string>`${sql.placeholder("tag")}::text || "d0"."full_name"`;
    const prepared = db.query.members
      .findMany({
        where: { id: { gt: sql.placeholder("after") } },
        orderBy: { id: "asc" },
        limit: sql.placeholder("members"),
        with: {
          books: {
            where: { title: { like: sql.placeholder("title") } },
            limit: sql.placeholder("books"),
            orderBy: { id: "asc" },
            extras: { label },
            with: { owner: { extras: { label } }, reviews: { offset: sql.placeholder("skip") } },
          },
        },
      })
      .prepare("members_with_labels");
    return [
      await prepared.execute({ after: 0, members: 1, title: "%", books: 2, skip: 1, tag: "of " }),
      await prepared.execute({ after: 1, members: 9, title: "F%", books: 1, skip: 0, tag: "by " }),
    ];
  },
};
