import { defineRelations } from "drizzle-orm";
import {
  bigint,
  date,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

export const members = pgTable("members", {
  id: integer().primaryKey(),
  fullName: text("full_name").notNull(),
  invitedBy: integer("invited_by"),
  joinedAt: timestamp("joined_at", { withTimezone: true }).notNull(),
});

export const cards = pgTable("cards", {
  id: integer().primaryKey(),
  memberId: integer("member_id").notNull(),
  number: bigint({ mode: "bigint" }).notNull(),
  fee: numeric({ precision: 10, scale: 2 }),
});

export const books = pgTable("books", {
  id: integer().primaryKey(),
  title: text().notNull(),
  ownerId: integer("owner_id"),
  about: jsonb().$type<{ pages: number } | string[]>(),
  printedOn: date("printed_on", { mode: "date" }),
});

export const reviews = pgTable("reviews", {
  id: integer().primaryKey(),
  bookId: integer("book_id").notNull(),
  memberId: integer("member_id").notNull(),
  stars: smallint().notNull(),
  body: text(),
});

export const clubs = pgTable("clubs", {
  id: integer().primaryKey(),
  name: text().notNull(),
});

export const clubMembers = pgTable(
  "club_members",
  {
    clubId: integer("club_id").notNull(),
    memberId: integer("member_id").notNull(),
    since: timestamp({ mode: "string" }),
  },
  (table) => [primaryKey({ columns: [table.clubId, table.memberId] })],
);

export const relations = defineRelations({ members, cards, books, reviews, clubs, clubMembers }, (r) => ({
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
  },
  reviews: {
    book: r.one.books({ from: r.reviews.bookId, to: r.books.id }),
    member: r.one.members({ from: r.reviews.memberId, to: r.members.id }),
  },
  clubs: { members: r.many.members() },
}));
