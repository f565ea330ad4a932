import { sql } from "drizzle-orm";
import { NestedTransactionError, TransactionRolledBackError } from "dsql-core";
import { describe, expect, it } from "vitest";
import { counters, useCounters } from "../support/use-counters.ts";

const on = useCounters();

describe("a transaction", () => {
  it("shows all that it sends to Drizzle's logger", async () => {
    await on.db.transaction((tx) => tx.update(counters).set({ n: 1 }));
    await on.db.transaction(() => Promise.reject(new Error("no"))).catch(() => {});
    await on.db.transaction((tx) => tx.select().from(counters), { accessMode: "read only" });
    const sent = on.texts.take();
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
    for (const run of [on.db.transaction, on.db.transactionWithRetry] as const) {
      await expect(run.call(on.db, async () => 1, config)).rejects.toMatchObject({ code: "DSQL_CONFIG" });
    }
    expect(on.texts.take()).toEqual([]);
  });

  it("does not nest, and sends nothing for it", async () => {
    await on.db.transaction(async (tx) => {
      await expect(tx.transaction(async () => 1)).rejects.toBeInstanceOf(NestedTransactionError);
      await tx.update(counters).set({ n: 5 });
    });
    expect(on.texts.take()).toHaveLength(3);
    expect(await on.count()).toBe(5);
  });

  it("refuses setTransaction, which would have failed it, and continues", async () => {
    await on.db.transaction(async (tx) => {
      await expect(tx.setTransaction({ accessMode: "read only" })).rejects.toMatchObject({
        code: "DSQL_CONFIG",
      });
      await tx.update(counters).set({ n: 6 });
    });
    expect(await on.count()).toBe(6);
  });

  it("releases its connection when BEGIN fails", async () => {
    for (let turn = 1; turn <= 3; turn++) {
      on.dsql.faults.cutConnection("before-begin");
      await expect(on.db.transaction(async () => 1)).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    }
    expect(on.dsql.faults.counts["cut-before-begin"]).toBeGreaterThanOrEqual(3);
    expect(await on.count()).toBe(0);
  });

  it("rejects with the first error where ROLLBACK fails too", async () => {
    const first = new Error("first");
    const failing = on.db.transaction(async (tx) => {
      await tx.update(counters).set({ n: 7 });
      await on.dsql.endpoints[0]?.takeAway();
      throw first;
    });
    await expect(failing).rejects.toBe(first);
    await on.dsql.endpoints[0]?.bringBack();
    expect(await on.count()).toBe(0);
  });

  it("rejects with TransactionRolledBackError itself where the work caught an error", async () => {
    const swallowing = on.db.transaction(async (tx) => {
      await tx.update(counters).set({ n: 8 });
      await tx.execute(sql`select no_such_column`).catch(() => {});
    });
    await expect(swallowing).rejects.toBeInstanceOf(TransactionRolledBackError);
    expect(await on.count()).toBe(0);
  });

  it("rejects a conflict at COMMIT with its SQLSTATE", async () => {
    on.dsql.faults.conflictCommits(1);
    await expect(on.db.transaction((tx) => tx.update(counters).set({ n: 9 }))).rejects.toMatchObject({
      code: "40001",
    });
    expect(await on.count()).toBe(0);
  });

  it("rolls back when tx.rollback() is called", async () => {
    const rolledBack = on.db.transaction(async (tx) => {
      await tx.update(counters).set({ n: 10 });
      tx.rollback();
    });
    await expect(rolledBack).rejects.toThrow("Rollback");
    expect(await on.count()).toBe(0);
  });
});
