import type { Client } from "pg";
import { expect } from "vitest";

/** Many tomes of few authors, so that PostgreSQL keeps the author of equal outer rows (Memoize). */
export async function fillTomes(plain: Client): Promise<void> {
  await plain.query("create table authors (id int primary key, name text not null)");
  await plain.query("create table tomes (id int primary key, author_id int not null, shelf int not null)");
  await plain.query("insert into authors select n, 'author ' || n from generate_series(1, 50) n");
  await plain.query("insert into tomes select n, n % 50 + 1, n % 3 from generate_series(1, 20000) n");
  await plain.query("analyze authors, tomes");
}

interface Query {
  toSQL(): { sql: string; params: unknown[] };
}

/** Checks that ours is joined by INNER JOIN LATERAL, and is planned to keep rows where drizzle-orm's own is. */
export async function expectMemoizedAlike(plain: Client, ours: Query, installed: Query): Promise<void> {
  const planOf = async (query: Query) => {
    const { sql, params } = query.toSQL();
    const { rows } = await plain.query(`explain ${sql}`, params);
    return rows.map((row) => row["QUERY PLAN"]).join("\n");
  };
  expect(ours.toSQL().sql).toContain("inner join lateral");
  expect(await planOf(installed)).toContain("Memoize");
  expect(await planOf(ours)).toContain("Memoize");
}
