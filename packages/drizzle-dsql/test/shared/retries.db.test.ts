import { sql } from "drizzle-orm";
import { DsqlPool } from "dsql-core";
import { describe, expect, it } from "vitest";
import { type DsqlDatabase, drizzle } from "../../src/index.ts";
import { counters, useCounters } from "../support/use-counters.ts";

const on = useCounters();

describe("transactionWithRetry", () => {
  it("runs the transaction again from its BEGIN", async () => {
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

  it("tells the pool's telemetry of a retry, beside an onRetry of the call", async () => {
    const heard: string[] = [];
    const telemetry = { retry: () => heard.push("telemetry") };
    const told = new DsqlPool({ ...on.dsql.connection, telemetry });
    try {
      on.dsql.faults.conflictCommits(1);
      const options = { onRetry: () => heard.push("call") };
      await drizzle(told).transactionWithRetry((tx) => tx.select().from(counters), {}, options);
      expect(heard).toEqual(["telemetry", "call"]);
    } finally {
      await told.end();
    }
  });

  it("is read only where plain JavaScript says so among the options", async () => {
    const write = (tx: Pick<DsqlDatabase, "update">) => tx.update(counters).set({ n: 1 });
    const refused = on.db.transactionWithRetry(write, undefined, { readOnly: true } as object);
    await expect(refused).rejects.toMatchObject({ cause: { code: "25006" } });
  });

  it("runs once where nothing is in its way", async () => {
    let runs = 0;
    await on.db.transactionWithRetry(async () => ++runs);
    expect(runs).toBe(1);
  });

  it("takes the limits of the call", async () => {
    on.dsql.faults.conflictCommits(9);
    const attempts: number[] = [];
    const options = {
      maxAttempts: 2,
      baseDelayMs: 1,
      onRetry: (event: { attempt: number }) => attempts.push(event.attempt),
    };
    const exhausted = on.db.transactionWithRetry(
      (tx) => tx.update(counters).set({ n: 1 }),
      undefined,
      options,
    );
    await expect(exhausted).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED", attempts: 2 });
    expect(attempts).toEqual([1]);
  });

  it("takes the pool's limits where the call leaves them undefined", async () => {
    const strict = new DsqlPool({ ...on.dsql.connection, retry: { maxAttempts: 3, baseDelayMs: 1 } });
    try {
      on.dsql.faults.conflictCommits(9);
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
