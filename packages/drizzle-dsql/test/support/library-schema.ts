import { relations } from "drizzle-orm";
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

export const schema = {
  members,
  cards,
  books,
  reviews,
  clubs,
  clubMembers,
  memberRelations: relations(members, ({ one, many }) => ({
    card: one(cards, { fields: [members.id], references: [cards.memberId] }),
    inviter: one(members, {
      fields: [members.invitedBy],
      references: [members.id],
      relationName: "invitation",
    }),
    invited: many(members, { relationName: "invitation" }),
    books: many(books),
    reviews: many(reviews),
    clubs: many(clubMembers),
  })),
  cardRelations: relations(cards, ({ one }) => ({
    member: one(members, { fields: [cards.memberId], references: [members.id] }),
  })),
  bookRelations: relations(books, ({ one, many }) => ({
    owner: one(members, { fields: [books.ownerId], references: [members.id] }),
    reviews: many(reviews),
  })),
  reviewRelations: relations(reviews, ({ one }) => ({
    book: one(books, { fields: [reviews.bookId], references: [books.id] }),
    member: one(members, { fields: [reviews.memberId], references: [members.id] }),
  })),
  clubRelations: relations(clubs, ({ many }) => ({ members: many(clubMembers) })),
  clubMemberRelations: relations(clubMembers, ({ one }) => ({
    club: one(clubs, { fields: [clubMembers.clubId], references: [clubs.id] }),
    member: one(members, { fields: [clubMembers.memberId], references: [members.id] }),
  })),
};
