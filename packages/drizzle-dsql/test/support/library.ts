/** Tables and rows for relational queries: one to one, one to many, many to many, and a table that refers to itself. */
export const LIBRARY_TABLES: readonly string[] = [
  `create table members (id int primary key, full_name text not null, invited_by int, joined_at timestamptz not null)`,
  `create table cards (id int primary key, member_id int not null, number bigint not null, fee numeric(10,2))`,
  `create table books (id int primary key, title text not null, owner_id int, about jsonb, printed_on date)`,
  `create table reviews (id int primary key, book_id int not null, member_id int not null, stars smallint not null, body text)`,
  `create table clubs (id int primary key, name text not null)`,
  `create table club_members (club_id int not null, member_id int not null, since timestamp, primary key (club_id, member_id))`,
];

export const LIBRARY_ROWS: readonly string[] = [
  `insert into members values
    (1, 'Ada', null, '2026-01-02T03:04:05.678Z'), (2, 'Bob', 1, '2026-02-03T00:00:00Z'),
    (3, 'Çelik', 1, '2026-03-04T05:06:07Z'), (4, 'Dana', 3, '2026-04-05T06:07:08Z')`,
  `insert into cards values (10, 1, 9007199254740993, 12.30), (11, 2, 2, null), (12, 4, 3, 0.05)`,
  `insert into books values
    (20, 'Sea', 1, '{"pages": 120, "tags": ["blue"]}', '2001-02-03'), (21, 'Air', 1, null, null),
    (22, 'Fire "and" ''smoke''', 2, '[]', '1999-12-31'), (23, 'Earth', null, '{"pages": 7}', '2020-02-29')`,
  `insert into reviews values
    (30, 20, 2, 5, 'deep'), (31, 20, 3, 2, null), (32, 20, 4, 4, 'salty'), (33, 22, 1, 1, 'hot'), (34, 22, 2, 1, 'mine')`,
  `insert into clubs values (40, 'Night readers'), (41, 'Empty'), (42, 'Morning')`,
  `insert into club_members values
    (40, 1, '2026-05-01 10:00:00'), (40, 2, '2026-05-02 11:00:00'), (42, 1, null), (42, 4, '2026-05-04 13:00:00')`,
];
