import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres/dsql";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { DsqlPool, isOccError } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const counters = pgTable("counters", { id: integer().primaryKey(), n: integer().notNull() });

let dsql: LocalDsql;
let pool: DsqlPool;

beforeAll(async () => {
  dsql = await startLocalDsql();
  pool = new DsqlPool({ ...dsql.connection, max: 1 });
  await pool.query("create table counters (id int primary key, n int not null)");
  await pool.query("insert into counters values (1, 0)");
});

afterEach(() => dsql.faults.clear());

afterAll(async () => {
  await pool?.end();
  await dsql?.stop();
});

/** drizzle-orm's own driver for DSQL; its types name the pool of AWS, which it does not look at. */
function installed() {
  return drizzle({ client: pool as never });
}

const addOne = { n: sql`${counters.n} + 1` };

describe("drizzle-orm's own DSQL driver on a DsqlPool", () => {
  it("queries, and commits transactions", async () => {
    const db = installed();
    const [row] = await db.transaction((tx) => tx.update(counters).set(addOne).returning());
    expect(await db.select().from(counters)).toEqual([row]);
  });

  it("rejects a conflict with the server's own error, and retries where it is asked to", async () => {
    const db = installed();
    const [before] = await db.select().from(counters);
    dsql.faults.conflictCommits(1);
    const conflicting = db.transaction((tx) => tx.update(counters).set(addOne));
    await expect(conflicting).rejects.toSatisfy(isOccError);
    await expect(conflicting).rejects.toMatchObject({ code: "40001", severity: "ERROR" });
    dsql.faults.conflictCommits(2);
    const exhausted = db.transaction((tx) => tx.update(counters).set(addOne), { occ: { maxRetries: 1 } });
    await expect(exhausted).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 });
    for (const occ of [true, { maxRetries: 2 }]) {
      dsql.faults.conflictCommits(2);
      await db.transaction((tx) => tx.update(counters).set(addOne), { occ });
    }
    expect(await db.select().from(counters)).toEqual([{ id: 1, n: (before?.n ?? 0) + 2 }]);
  });

  it("rejects where the work caught an error, instead of losing the commit", async () => {
    const swallowing = installed().transaction(async (tx) => {
      await tx.update(counters).set({ n: -1 });
      await tx.execute(sql`select no_such_column`).catch(() => {});
    });
    await expect(swallowing).rejects.toMatchObject({ code: "DSQL_TRANSACTION_ROLLED_BACK" });
  });

  it("rejects a COMMIT without a response as unknown, and goes on working", async () => {
    dsql.faults.cutConnection("after-commit");
    const unknown = installed().transaction((tx) => tx.update(counters).set(addOne), { occ: true });
    await expect(unknown).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
    expect(await installed().select().from(counters)).toHaveLength(1);
  });
});
