import { defineRelations } from "drizzle-orm";
import { integer, pgView, smallint } from "drizzle-orm/pg-core";
import * as tables from "../../../test/support/library-tables.ts";

/** drizzle-orm 1.0 takes views as relations too. */
const bookStars = pgView("book_stars", {
  bookId: integer("book_id").notNull(),
  reviews: integer().notNull(),
  best: smallint().notNull(),
}).existing();

export const relations = defineRelations({ ...tables, bookStars }, (r) => ({
  members: {
    card: r.one.cards({ from: r.members.id, to: r.cards.memberId }),
    inviter: r.one.members({ from: r.members.invitedBy, to: r.members.id, alias: "invitation" }),
    invited: r.many.members({ from: r.members.id, to: r.members.invitedBy, alias: "invitation" }),
    books: r.many.books({ from: r.members.id, to: r.books.ownerId }),
    bestReviews: r.many.reviews({ from: r.members.id, to: r.reviews.memberId, where: { stars: { gte: 4 } } }),
    clubs: r.many.clubs({
      from: r.members.id.through(r.clubMembers.memberId),
      to: r.clubs.id.through(r.clubMembers.clubId),
    }),
  },
  cards: { member: r.one.members({ from: r.cards.memberId, to: r.members.id, optional: false }) },
  books: {
    owner: r.one.members({ from: r.books.ownerId, to: r.members.id }),
    reviews: r.many.reviews({ from: r.books.id, to: r.reviews.bookId }),
    stars: r.one.bookStars({ from: r.books.id, to: r.bookStars.bookId }),
  },
  bookStars: { book: r.one.books({ from: r.bookStars.bookId, to: r.books.id }) },
  reviews: {
    book: r.one.books({ from: r.reviews.bookId, to: r.books.id }),
    member: r.one.members({ from: r.reviews.memberId, to: r.members.id }),
  },
  clubs: { members: r.many.members() },
}));
