import { eq, sql } from "drizzle-orm";
import { Cache, type MutationOption } from "drizzle-orm/cache/core";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type DsqlDatabase, drizzle } from "../../src/index.ts";

const accounts = pgTable("accounts", { id: integer().primaryKey(), n: integer().notNull() });
const log = pgTable("log", { id: integer().primaryKey(), n: integer().notNull() });

/** Keeps every result until one of its tables changes. */
class MemoryCache extends Cache {
  readonly entries = new Map<string, { rows: unknown[]; tables: string[] }>();
  readonly mutations: MutationOption[] = [];
  readonly #strategy: "all" | "explicit";

  constructor(strategy: "all" | "explicit" = "all") {
    super();
    this.#strategy = strategy;
  }

  override strategy(): "all" | "explicit" {
    return this.#strategy;
  }

  override async get(key: string): Promise<unknown[] | undefined> {
    return this.entries.get(key)?.rows;
  }

  override async put(key: string, rows: unknown[], tables: string[]): Promise<void> {
    this.entries.set(key, { rows, tables });
  }

  override async onMutate(mutation: MutationOption): Promise<void> {
    this.mutations.push(mutation);
    const changed = [mutation.tables ?? []].flat() as string[];
    for (const [key, { tables }] of this.entries) {
      if (tables.some((table) => changed.includes(table))) this.entries.delete(key);
    }
  }
}

let dsql: LocalDsql;
let pool: DsqlPool;
let cache: MemoryCache;
let db: DsqlDatabase;
/** Another program: it shares neither connections nor the cache. */
let others: DsqlDatabase;

beforeAll(async () => {
  dsql = await startLocalDsql();
  pool = new DsqlPool(dsql.connection);
  others = drizzle(pool);
  for (const table of ["accounts", "log"])
    await pool.query(`create table ${table} (id int primary key, n int not null)`);
});

beforeEach(async () => {
  for (const table of ["accounts", "log"])
    await pool.query(`insert into ${table} values (1, 0) on conflict (id) do update set n = 0`);
  cache = new MemoryCache();
  db = drizzle({ client: pool, cache });
});

afterEach(() => {
  dsql.faults.clear();
  vi.restoreAllMocks();
});

afterAll(async () => {
  await pool?.end();
  await dsql?.stop();
});

const one = { n: 1 };

async function balance(from: Pick<DsqlDatabase, "select"> = db): Promise<number> {
  const [row] = await from.select().from(accounts).where(eq(accounts.id, 1));
  return row?.n ?? Number.NaN;
}

describe("a cache", () => {
  it("does not give a retried transaction what its first attempt has read", async () => {
    let attempts = 0;
    await db.transactionWithRetry(async (tx) => {
      const before = await balance(tx);
      if (++attempts === 1) {
        await others.update(accounts).set({ n: 100 });
        await others.update(log).set(one);
      }
      await tx.update(log).set({ n: before + 1 });
    });
    expect(attempts).toBe(2);
    expect(await others.select().from(log)).toEqual([{ id: 1, n: 101 }]);
  });

  it("is neither read nor filled inside a transaction, with the strategy explicit too", async () => {
    for (const strategy of ["all", "explicit"] as const) {
      cache = new MemoryCache(strategy);
      db = drizzle({ client: pool, cache });
      const read = (from: Pick<DsqlDatabase, "select">) => from.select().from(accounts).$withCache();
      expect(await read(db)).toEqual([{ id: 1, n: 0 }]);
      expect(cache.entries.size).toBe(1);
      await others.update(accounts).set({ n: 50 });
      expect(await db.transaction(async (tx) => await read(tx))).toEqual([{ id: 1, n: 50 }]);
      expect(await read(db)).toEqual([{ id: 1, n: 0 }]);
      await others.update(accounts).set({ n: 0 });
    }
  });

  it("keeps nothing of a transaction that was rolled back", async () => {
    const mine = new Error("changed my mind");
    const rolledBack = db.transaction(async (tx) => {
      await tx.update(accounts).set({ n: 7 });
      expect(await balance(tx)).toBe(7);
      throw mine;
    });
    await expect(rolledBack).rejects.toBe(mine);
    expect(cache.entries.size).toBe(0);
    expect(cache.mutations).toEqual([]);
    expect(await balance()).toBe(0);
  });

  it("is invalidated once after COMMIT, so that what was read meanwhile goes too", async () => {
    await db.transaction(async (tx) => {
      await tx.update(accounts).set({ n: 8 });
      await tx.update(log).set({ n: 8 });
      await tx.update(accounts).set({ n: 9 });
      expect(await balance()).toBe(0);
      expect(cache.mutations).toEqual([]);
    });
    expect(cache.mutations).toEqual([{ tables: ["accounts", "log"] }]);
    expect(await balance()).toBe(9);
  });

  it("is invalidated after COMMIT by tx.$cache too, tags included", async () => {
    await db.transaction(async (tx) => {
      await tx.execute(sql`update accounts set n = 3`);
      await tx.$cache.invalidate({ tables: "accounts", tags: ["balances"] });
      expect(cache.mutations).toEqual([]);
    });
    expect(cache.mutations).toEqual([{ tables: ["accounts"], tags: ["balances"] }]);
  });

  it("is not asked to invalidate anything after a transaction that only read", async () => {
    await db.transaction((tx) => balance(tx), { accessMode: "read only" });
    expect(cache.mutations).toEqual([]);
  });

  it("is invalidated if the outcome of COMMIT is undetermined", async () => {
    await balance();
    dsql.faults.cutConnection("after-commit");
    const unknown = db.transaction((tx) => tx.update(accounts).set({ n: 11 }));
    await expect(unknown).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    expect(cache.mutations).toEqual([{ tables: ["accounts"] }]);
    expect(await balance()).toBe(11);
  });

  it("does not turn a commit into a failure when it cannot be invalidated, and says so in a warning", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    vi.spyOn(cache, "onMutate").mockRejectedValue(new Error("cache is away"));
    await db.transactionWithRetry((tx) => tx.update(accounts).set({ n: 12 }));
    expect(await balance(others)).toBe(12);
    await vi.waitFor(() => expect(warnings).toHaveLength(1));
    process.off("warning", onWarning);
    expect(warnings[0]).toMatchObject({ code: "DSQL_CACHE_NOT_INVALIDATED" });
    expect(warnings[0]?.message).toContain("accounts");
  });
});
