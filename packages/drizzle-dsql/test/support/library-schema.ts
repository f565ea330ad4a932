import { relations } from "drizzle-orm";
import * as tables from "./library-tables.ts";

const { members, cards, books, reviews, clubs, clubMembers } = tables;

export const schema = {
  ...tables,
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
