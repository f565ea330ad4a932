import { eq, sql } from "drizzle-orm";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { DsqlPool, NestedTransactionError, TransactionRolledBackError } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DsqlDatabase, drizzle } from "../../src/index.ts";
import { Texts } from "../support/texts.ts";

const counters = pgTable("counters", { id: integer().primaryKey(), n: integer().notNull() });

let dsql: LocalDsql;
let pool: DsqlPool;
let texts: Texts;
let db: DsqlDatabase;

beforeAll(async () => {
  dsql = await startLocalDsql();
  await using setUp = await openPool();
  await setUp.pool.query("create table counters (id int primary key, n int not null)");
});

afterAll(async () => {
  await dsql?.stop();
});

beforeEach(async () => {
  pool = (await openPool()).pool;
  await pool.query("insert into counters values (1, 0) on conflict (id) do update set n = 0");
  texts = new Texts();
  db = drizzle(pool, { logger: texts });
});

afterEach(async () => {
  dsql.faults.clear();
  await pool.end();
});

/** One connection, so that a connection which is not given back is missed. */
async function openPool() {
  const opened = new DsqlPool({ ...dsql.connection, max: 1, connectionTimeoutMillis: 5_000 });
  return { pool: opened, [Symbol.asyncDispose]: () => opened.end() };
}

async function count(): Promise<number | undefined> {
  return (await db.select().from(counters).where(eq(counters.id, 1)))[0]?.n;
}

describe("a transaction", () => {
  it("shows all that it sends to Drizzle's logger", async () => {
    await db.transaction((tx) => tx.update(counters).set({ n: 1 }));
    await db.transaction(() => Promise.reject(new Error("no"))).catch(() => {});
    await db.transaction((tx) => tx.select().from(counters), { accessMode: "read only" });
    const sent = texts.take();
    expect(sent.map((text) => text.replace(/^(\w+) .*/, "$1"))).toEqual([
      "BEGIN",
      "update",
      "COMMIT",
      "BEGIN",
      "ROLLBACK",
      "BEGIN",
      "select",
      "COMMIT",
    ]);
    expect(sent[5]).toBe("BEGIN READ ONLY");
  });

  it.each([
    { isolationLevel: "serializable" },
    { isolationLevel: "read committed" },
    { deferrable: true },
  ] as object[])("is refused with %o before anything is sent", async (config) => {
    for (const run of [db.transaction, db.transactionWithRetry] as const) {
      await expect(run.call(db, async () => 1, config)).rejects.toMatchObject({ code: "DSQL_CONFIG" });
    }
    expect(texts.take()).toEqual([]);
  });

  it("does not nest, and sends nothing for it", async () => {
    await db.transaction(async (tx) => {
      await expect(tx.transaction(async () => 1)).rejects.toBeInstanceOf(NestedTransactionError);
      await tx.update(counters).set({ n: 5 });
    });
    expect(texts.take()).toHaveLength(3);
    expect(await count()).toBe(5);
  });

  it("refuses setTransaction, which would have failed it, and goes on", async () => {
    await db.transaction(async (tx) => {
      await expect(tx.setTransaction({ accessMode: "read only" })).rejects.toMatchObject({
        code: "DSQL_CONFIG",
      });
      await tx.update(counters).set({ n: 6 });
    });
    expect(await count()).toBe(6);
  });

  it("gives its connection back when BEGIN fails", async () => {
    for (let turn = 1; turn <= 3; turn++) {
      dsql.faults.cutConnection("before-begin");
      await expect(db.transaction(async () => 1)).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    }
    expect(dsql.faults.counts["cut-before-begin"]).toBeGreaterThanOrEqual(3);
    expect(await count()).toBe(0);
  });

  it("hands on the first error where ROLLBACK fails too", async () => {
    const first = new Error("first");
    const failing = db.transaction(async (tx) => {
      await tx.update(counters).set({ n: 7 });
      await dsql.endpoints[0]?.takeAway();
      throw first;
    });
    await expect(failing).rejects.toBe(first);
    await dsql.endpoints[0]?.bringBack();
    expect(await count()).toBe(0);
  });

  it("tells a swallowed error as TransactionRolledBackError itself", async () => {
    const swallowing = db.transaction(async (tx) => {
      await tx.update(counters).set({ n: 8 });
      await tx.execute(sql`select no_such_column`).catch(() => {});
    });
    await expect(swallowing).rejects.toBeInstanceOf(TransactionRolledBackError);
    expect(await count()).toBe(0);
  });

  it("tells a conflict at COMMIT by its SQLSTATE", async () => {
    dsql.faults.conflictCommits(1);
    await expect(db.transaction((tx) => tx.update(counters).set({ n: 9 }))).rejects.toMatchObject({
      code: "40001",
    });
    expect(await count()).toBe(0);
  });

  it("rolls back when tx.rollback() is called", async () => {
    const rolledBack = db.transaction(async (tx) => {
      await tx.update(counters).set({ n: 10 });
      tx.rollback();
    });
    await expect(rolledBack).rejects.toThrow("Rollback");
    expect(await count()).toBe(0);
  });
});

describe("transactionWithRetry", () => {
  it("runs the transaction again from its BEGIN", async () => {
    dsql.faults.conflictCommits(2);
    let runs = 0;
    const n = await db.transactionWithRetry(async (tx) => {
      runs++;
      const [row] = await tx
        .update(counters)
        .set({ n: sql`${counters.n} + 1` })
        .returning();
      return row?.n;
    });
    expect([runs, n, await count()]).toEqual([3, 1, 1]);
    expect(texts.take().filter((text) => text === "BEGIN")).toHaveLength(3);
  });

  it("is read only where plain JavaScript says so among the options", async () => {
    const write = (tx: { update: typeof db.update }) => tx.update(counters).set({ n: 1 });
    const refused = db.transactionWithRetry(write, undefined, { readOnly: true } as object);
    await expect(refused).rejects.toMatchObject({ cause: { code: "25006" } });
  });

  it("runs once where nothing is in its way", async () => {
    let runs = 0;
    await db.transactionWithRetry(async () => ++runs);
    expect(runs).toBe(1);
  });

  it("takes the limits of the call", async () => {
    dsql.faults.conflictCommits(9);
    const attempts: number[] = [];
    const options = {
      maxAttempts: 2,
      baseDelayMs: 1,
      onRetry: (event: { attempt: number }) => attempts.push(event.attempt),
    };
    const exhausted = db.transactionWithRetry((tx) => tx.update(counters).set({ n: 1 }), undefined, options);
    await expect(exhausted).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 });
    expect(attempts).toEqual([1]);
  });

  it("takes the pool's limits where the call leaves them undefined", async () => {
    const strict = new DsqlPool({ ...dsql.connection, retry: { maxAttempts: 3, baseDelayMs: 1 } });
    try {
      dsql.faults.conflictCommits(9);
      const exhausted = drizzle(strict).transactionWithRetry(
        (tx) => tx.update(counters).set({ n: 1 }),
        undefined,
        {
          maxAttempts: undefined,
        },
      );
      await expect(exhausted).rejects.toMatchObject({ attempts: 3 });
    } finally {
      await strict.end();
    }
  });
});
