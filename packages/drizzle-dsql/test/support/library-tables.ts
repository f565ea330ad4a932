import {
  bigint,
  boolean,
  char,
  customType,
  date,
  doublePrecision,
  integer,
  interval,
  json,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  time,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";

const bytea = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

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
  key: uuid().notNull(),
  code: char({ length: 4 }),
  photo: bytea(),
  settings: json(),
  active: boolean(),
  weight: real(),
  ratio: doublePrecision(),
  opensAt: time("opens_at"),
  issuedAt: timestamp("issued_at"),
  validFor: interval("valid_for"),
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
