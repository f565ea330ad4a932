import { sql } from "drizzle-orm";
import { DsqlPool, isOccError } from "dsql-core";
import { describe, expect, it } from "vitest";
import { type DsqlDatabase, drizzle } from "../../src/index.ts";
import { counters, useCounters } from "../support/use-counters.ts";

const on = useCounters();

describe("transactionWithRetry", () => {
  it("retries the transaction from its BEGIN", async () => {
    on.dsql.faults.conflictCommits(2);
    let runs = 0;
    const n = await on.db.transactionWithRetry(async (tx) => {
      runs++;
      const [row] = await tx
        .update(counters)
        .set({ n: sql`${counters.n} + 1` })
        .returning();
      return row?.n;
    });
    expect([runs, n, await on.count()]).toEqual([3, 1, 1]);
    expect(on.texts.take().filter((text) => text === "BEGIN")).toHaveLength(3);
  });

  it("calls the pool's telemetry for a retry, and the onRetry of the call", async () => {
    const heard: string[] = [];
    const telemetry = { retry: () => heard.push("telemetry") };
    const observed = new DsqlPool({ ...on.dsql.connection, telemetry });
    try {
      on.dsql.faults.conflictCommits(1);
      const options = { onRetry: () => heard.push("call") };
      await drizzle(observed).transactionWithRetry((tx) => tx.select().from(counters), options);
      expect(heard).toEqual(["telemetry", "call"]);
    } finally {
      await observed.end();
    }
  });

  it("is read only by readOnly or by accessMode", async () => {
    const write = (tx: Pick<DsqlDatabase, "update">) => tx.update(counters).set({ n: 1 });
    for (const options of [{ readOnly: true }, { accessMode: "read only" }] as const) {
      const refused = on.db.transactionWithRetry(write, options);
      await expect(refused).rejects.toMatchObject({ cause: { code: "25006" } });
    }
  });

  it("accepts the options of AWS's Drizzle package, in a third argument and with its names", async () => {
    on.dsql.faults.conflictCommits(9);
    const seen: unknown[] = [];
    const exhausted = on.db.transactionWithRetry(
      (tx) => tx.update(counters).set({ n: 1 }),
      { accessMode: "read write" },
      {
        maxRetries: 2,
        baseDelayMs: 1,
        maxDelayMs: 2,
        onRetry: (error, attempt, maxAttempts) => seen.push([isOccError(error), attempt, maxAttempts]),
      },
    );
    await expect(exhausted).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 3 });
    expect(seen).toEqual([
      [true, 1, 3],
      [true, 2, 3],
    ]);
    on.dsql.faults.clear();
    const write = (tx: Pick<DsqlDatabase, "update">) => tx.update(counters).set({ n: 1 });
    const refused = on.db.transactionWithRetry(write, { accessMode: "read only" }, { maxRetries: 1 });
    await expect(refused).rejects.toMatchObject({ cause: { code: "25006" } });
  });

  it("refuses its own options in a third argument, and options that do not exist, before anything is sent", async () => {
    const run = on.db.transactionWithRetry as (...given: unknown[]) => Promise<unknown>;
    on.texts.take();
    for (const options of [
      [undefined, { maxAttempts: 2 }],
      [{ maxAttempts: 2 }, { maxRetries: 2 }],
      [{ maxAttemps: 2 }],
      [{ maxAttempts: 0 }],
    ]) {
      await expect(run(async () => 1, ...options)).rejects.toMatchObject({ code: "DSQL_CONFIG" });
    }
    expect(on.texts.take()).toEqual([]);
  });

  it("runs once where nothing is in its way", async () => {
    let runs = 0;
    await on.db.transactionWithRetry(async () => ++runs);
    expect(runs).toBe(1);
  });

  it("uses the limits of the call", async () => {
    on.dsql.faults.conflictCommits(9);
    const attempts: number[] = [];
    const options = {
      maxAttempts: 2,
      baseDelayMs: 1,
      onRetry: (event: { attempt: number }) => attempts.push(event.attempt),
    };
    const exhausted = on.db.transactionWithRetry((tx) => tx.update(counters).set({ n: 1 }), options);
    await expect(exhausted).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 });
    expect(attempts).toEqual([1]);
  });

  it("uses the pool's limits if those of the call are undefined", async () => {
    const strict = new DsqlPool({ ...on.dsql.connection, retry: { maxAttempts: 3, baseDelayMs: 1 } });
    try {
      on.dsql.faults.conflictCommits(9);
      const exhausted = drizzle(strict).transactionWithRetry((tx) => tx.update(counters).set({ n: 1 }), {
        maxAttempts: undefined,
      });
      await expect(exhausted).rejects.toMatchObject({ attempts: 3 });
    } finally {
      await strict.end();
    }
  });
});
