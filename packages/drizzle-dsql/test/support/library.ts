/** Tables and rows for relational queries: one to one, one to many, many to many, and a table that refers to itself. */
export const LIBRARY_TABLES: readonly string[] = [
  `create table members (id int primary key, full_name text not null, invited_by int, joined_at timestamptz not null)`,
  `create table cards (id int primary key, member_id int not null, number bigint not null, fee numeric(10,2),
    key uuid not null, code char(4), photo bytea, settings json, active boolean, weight real, ratio double precision,
    opens_at time, issued_at timestamp, valid_for interval)`,
  `create table books (id int primary key, title text not null, owner_id int, about jsonb, printed_on date)`,
  `create table reviews (id int primary key, book_id int not null, member_id int not null, stars smallint not null, body text)`,
  `create table clubs (id int primary key, name text not null)`,
  `create table club_members (club_id int not null, member_id int not null, since timestamp, primary key (club_id, member_id))`,
  `create view book_stars as select book_id, count(*)::int as reviews, max(stars) as best from reviews group by book_id`,
];

export const LIBRARY_ROWS: readonly string[] = [
  `insert into members values
    (1, 'Ada', null, '2026-01-02T03:04:05.678Z'), (2, 'Bob', 1, '2026-02-03T00:00:00Z'),
    (3, 'Çelik', 1, '2026-03-04T05:06:07Z'), (4, 'Dana', 3, '2026-04-05T06:07:08Z')`,
  `insert into cards values
    (10, 1, 9007199254740993, 12.30, '00000000-0000-4000-8000-000000000010', 'ab', '\\x00ff10', '{"a": [1, null], "a": 2}', true,
      0.1, 1e100, '23:59:59.999', '2026-02-28 12:34:56.789', '1 year 2 mons 3 days 04:05:06.5'),
    (11, 2, 2, null, '00000000-0000-4000-8000-000000000011', null, null, null, null, null, null, null, null, null),
    (12, 4, -9223372036854775808, 0.05, '00000000-0000-4000-8000-000000000012', 'abcd', '\\x', '"text"', false, -1.5, 5e-324,
      '00:00:00', '1999-12-31 00:00:00', '-1 days')`,
  `insert into books values
    (20, 'Sea', 1, '{"pages": 120, "tags": ["blue"]}', '2001-02-03'), (21, 'Air', 1, null, null),
    (22, 'Fire "and" ''smoke''', 2, '[]', '1999-12-31'), (23, 'Earth', null, '{"pages": 7}', '2020-02-29')`,
  `insert into reviews values
    (30, 20, 2, 5, 'deep'), (31, 20, 3, 2, null), (32, 20, 4, 4, 'salty'), (33, 22, 1, 1, 'hot'), (34, 22, 2, 1, 'mine')`,
  `insert into clubs values (40, 'Night readers'), (41, 'Empty'), (42, 'Morning')`,
  `insert into club_members values
    (40, 1, '2026-05-01 10:00:00'), (40, 2, '2026-05-02 11:00:00'), (42, 1, null), (42, 4, '2026-05-04 13:00:00')`,
];
