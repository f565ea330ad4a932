import { sql } from "drizzle-orm";
import { Cache, type MutationOption } from "drizzle-orm/cache/core";
import { integer, pgTable, withReplicas } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type DsqlDatabase, drizzle } from "../../src/index.ts";

const counters = pgTable("counters", { id: integer().primaryKey(), n: integer().notNull() });

/** Keeps every answer until a table of it changes. */
class Kept extends Cache {
  readonly answers = new Map<string, unknown[]>();
  readonly mutated: unknown[] = [];
  override strategy(): "all" {
    return "all";
  }
  override async get(key: string): Promise<unknown[] | undefined> {
    return this.answers.get(key);
  }
  override async put(key: string, answer: unknown[]): Promise<void> {
    this.answers.set(key, answer);
  }
  override async onMutate(change: MutationOption): Promise<void> {
    this.mutated.push(change.tables);
    this.answers.clear();
  }
}

let dsql: LocalDsql;
const opened: DsqlDatabase[] = [];

/** Has the database closed after the test. */
function track<D extends { $client: DsqlPool }>(db: D): D {
  opened.push(db as unknown as DsqlDatabase);
  return db;
}

beforeAll(async () => {
  dsql = await startLocalDsql();
  const db = track(drizzle({ connection: dsql.connection }));
  await db.execute(sql`create table counters (id int primary key, n int not null)`);
  await db.insert(counters).values({ id: 1, n: 0 });
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.$client.end()));
});

afterAll(async () => {
  await dsql?.stop();
});

async function applicationName(db: DsqlDatabase): Promise<string | undefined> {
  const { rows } = await db.execute<{ name: string }>(
    sql`select current_setting('application_name') as name`,
  );
  return rows[0]?.name;
}

describe("drizzle()", () => {
  it("creates a pool from options or a connection string, and sends drizzle: to the server", async () => {
    const databases = [
      drizzle({ connection: dsql.connection }),
      drizzle({ connection: { ...dsql.connection, max: 2 } }),
    ].map(track);
    for (const db of databases) {
      expect(db.$client).toBeInstanceOf(DsqlPool);
      expect(await applicationName(db)).toMatch(/^drizzle:aurora-dsql-ts\//);
    }
  });

  it("accepts a connection string as either argument", async () => {
    const { accessKeyId, secretAccessKey } = dsql.credentials;
    process.env.AWS_ACCESS_KEY_ID = accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = secretAccessKey;
    for (const db of [drizzle(dsql.connectionString), drizzle({ connection: dsql.connectionString })].map(
      track,
    )) {
      expect(await applicationName(db)).toMatch(/^drizzle:/);
    }
  });

  it("accepts a pool as either argument, and keeps the pool's own name", async () => {
    const pool = new DsqlPool({ ...dsql.connection, ormPrefix: "mine" });
    const databases = [track(drizzle(pool)), drizzle({ client: pool })];
    for (const db of databases) {
      expect(db.$client).toBe(pool);
      expect(await applicationName(db)).toMatch(/^mine:/);
    }
  });

  it("keeps the cache, and invalidates it in transactions too", async () => {
    const cache = new Kept();
    const db = track(drizzle({ connection: dsql.connection, cache }));
    const read = async () => (await db.select().from(counters))[0]?.n;
    const before = await read();
    expect(cache.answers.size).toBe(1);
    await db.transactionWithRetry((tx) => tx.update(counters).set({ n: sql`${counters.n} + 1` }));
    expect(cache.mutated).toEqual([["counters"]]);
    expect(await read()).toBe((before ?? 0) + 1);
    await db.$cache.invalidate({ tables: "counters" });
    expect(cache.mutated).toHaveLength(2);
  });

  it("waits for the job of an index, given by the result of its statement or by its id", async () => {
    const db = track(drizzle({ connection: dsql.connection }));
    const build = await db.execute<{ job_id: string }>(sql`create index async by_n on counters (n)`);
    await db.waitForJob(build);
    await db.waitForJob(build.rows[0]?.job_id ?? "");
    await db.insert(counters).values({ id: 9, n: (await db.select().from(counters))[0]?.n ?? 0 });
    const unique = await db.execute(sql`create unique index async by_unique_n on counters (n)`);
    await expect(db.waitForJob(unique)).rejects.toMatchObject({ code: "DSQL_JOB_FAILED" });
    await db.execute(sql`drop index by_unique_n`);
    await db.execute(sql`delete from counters where id = 9`);
  });

  it("builds queries without a connection by drizzle.mock()", async () => {
    const db = drizzle.mock();
    expect(db.select().from(counters).toSQL().sql).toBe('select "id", "n" from "counters"');
    for (const call of [
      () => db.transaction(async () => 1),
      () => db.transactionWithRetry(async () => 1),
      () => db.waitForJob("abcdefghijklmnopqrstuvwxyz"),
    ])
      await expect(call()).rejects.toMatchObject({ code: "DSQL_CONFIG" });
  });

  it("keeps its transactions under withReplicas, on the primary", async () => {
    const [primary, replica] = [1, 2].map(() => track(drizzle({ connection: dsql.connection }))) as [
      DsqlDatabase,
      DsqlDatabase,
    ];
    const db = withReplicas(primary, [replica]);
    dsql.faults.conflictCommits(1);
    const rows = await db.transactionWithRetry((tx) => tx.select().from(counters));
    expect(rows).toHaveLength(1);
    await expect(db.transaction(async () => 1, { deferrable: true } as object)).rejects.toMatchObject({
      code: "DSQL_CONFIG",
    });
    expect(replica.$client.totalCount).toBe(0);
  });
});
