import { DatabaseError } from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import { CommitOutcomeUnknownError, type DsqlPool, NestedTransactionError } from "../src/index.ts";
import { COUNTERS, counted, increment, resetCounter, useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase(COUNTERS);
beforeEach(() => resetCounter(database));

describe("pool.transactionWithRetry", () => {
  test("retries after conflicts and lost connections, and commits once", async () => {
    const db = database.pool();
    database.local.faults.conflictCommits(2);
    database.local.faults.cutConnection("before-begin");
    database.local.faults.cutConnection("in-statement");
    const reasons: string[] = [];
    const onRetry = ({ reason }: { reason: string }) => reasons.push(reason);
    const result = await db.transactionWithRetry(async (client) => (await client.query(increment)).rowCount, {
      onRetry,
    });
    expect(result).toBe(1);
    expect(reasons.toSorted()).toEqual(["conflict", "conflict", "connection-lost", "connection-lost"]);
    expect(await counted(database)).toBe(1);
  });

  test("keeps retrying while an endpoint that was lost is unreachable", async () => {
    const [endpoint] = database.local.endpoints;
    for (const db of [database.pool(), await database.connect()]) {
      const reasons: string[] = [];
      const onRetry = ({ reason }: { reason: string }) => {
        if (reasons.push(reason) === 3) void endpoint?.bringBack();
      };
      const work = async (client: { query(text: string): Promise<unknown> }) => {
        if (reasons.length === 0) await endpoint?.takeAway();
        await client.query(increment);
      };
      await (db as DsqlPool).transactionWithRetry(work, { onRetry });
      expect(new Set(reasons)).toEqual(new Set(["connection-lost"]));
      expect(reasons.length).toBeGreaterThanOrEqual(3);
    }
    expect(await counted(database)).toBe(2);
  });

  test("fails at once if there is no endpoint", async () => {
    let attempts = 0;
    const onRetry = () => attempts++;
    const failed = database.pool({ port: 1 }).transactionWithRetry(async () => {}, { onRetry });
    await expect(failed).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(attempts).toBe(0);
  });

  test("calls verifyCommit before it retries after a COMMIT of undetermined outcome", async () => {
    const db = database.pool();
    const work = async (client: { query(text: string): Promise<unknown> }) => {
      await client.query(increment);
      return "done";
    };
    for (const [point, after] of [
      ["before-commit", 1],
      ["after-commit", 2],
    ] as const) {
      const before = after - 1;
      database.local.faults.cutConnection(point);
      const verifyCommit = async () => (await counted(database)) !== before;
      expect(await db.transactionWithRetry(work, { verifyCommit })).toBe("done");
      expect(await counted(database)).toBe(after);
    }
    database.local.faults.cutConnection("after-commit");
    await expect(db.transactionWithRetry(work)).rejects.toThrow(CommitOutcomeUnknownError);
    expect(await counted(database)).toBe(3);
  });

  test("refuses a transaction inside it on the same connection, and commits the outer one", async () => {
    const db = database.pool();
    await db.transactionWithRetry(async (client) => {
      await client.query(increment);
      await expect(client.transactionWithRetry(async () => {})).rejects.toThrow(NestedTransactionError);
      await expect(client.query("BEGIN")).rejects.toThrow(NestedTransactionError);
      await client.query(increment);
    });
    expect(await counted(database)).toBe(2);
  });

  test("keeps its connections open after conflicts and errors of the work", async () => {
    const db = database.pool({ max: 1 });
    database.local.faults.conflictCommits(5);
    await db.transactionWithRetry((client) => client.query(increment));
    await expect(db.transactionWithRetry(() => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    await expect(db.transactionWithRetry((client) => client.query("SELECT nonsense"))).rejects.toThrow(
      DatabaseError,
    );
    expect(db.stats).toMatchObject({ connectionsOpened: 1, idle: 1 });
  });

  test("can be called as drizzle-orm's transaction, which counts retries", async () => {
    database.local.faults.conflictCommits(2);
    const failed = database.pool().transaction((client) => client.query(increment), { maxRetries: 1 });
    await expect(failed).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 });
    database.local.faults.conflictCommits(1);
    await database.pool().transaction((client) => client.query(increment), { maxRetries: 1 });
    expect(await counted(database)).toBe(1);
  });
});
