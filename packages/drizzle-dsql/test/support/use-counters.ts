import { eq } from "drizzle-orm";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type DsqlDatabase, drizzle } from "../../src/index.ts";
import { Texts } from "./texts.ts";

export const counters = pgTable("counters", { id: integer().primaryKey(), n: integer().notNull() });

/** One counter at 0, and a database over one connection, so that one which is not given back is missed. */
export interface UsedCounters {
  readonly dsql: LocalDsql;
  readonly db: DsqlDatabase;
  /** What the database has sent. */
  readonly texts: Texts;
  count(): Promise<number | undefined>;
}

export function useCounters(): UsedCounters {
  const used = {
    async count() {
      return (await this.db.select().from(counters).where(eq(counters.id, 1)))[0]?.n;
    },
  } as { -readonly [K in keyof UsedCounters]: UsedCounters[K] };
  const openPool = () => new DsqlPool({ ...used.dsql.connection, max: 1, connectionTimeoutMillis: 5_000 });

  beforeAll(async () => {
    used.dsql = await startLocalDsql();
    const pool = openPool();
    await pool.query("create table counters (id int primary key, n int not null)");
    await pool.end();
  });
  beforeEach(async () => {
    const pool = openPool();
    await pool.query("insert into counters values (1, 0) on conflict (id) do update set n = 0");
    used.texts = new Texts();
    used.db = drizzle(pool, { logger: used.texts });
  });
  afterEach(async () => {
    used.dsql.faults.clear();
    await used.db.$client.end();
  });
  afterAll(async () => {
    await used.dsql?.stop();
  });
  return used;
}
