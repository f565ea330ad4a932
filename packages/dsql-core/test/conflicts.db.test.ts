import { DsqlPool, OccRetryExhaustedError, type RetryEvent, retryOnOcc } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

let endpoint: LocalDsql;
let pool: DsqlPool;
let nextId = 1;

beforeAll(async () => {
  endpoint = await startLocalDsql();
  pool = new DsqlPool({ ...endpoint.connection, max: 4 });
  await pool.query("CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL)");
});

beforeEach(() => endpoint.faults.clear());

afterAll(async () => {
  await pool?.end();
  await endpoint?.stop();
});

async function stored(id: number): Promise<number> {
  return (await pool.query("SELECT 1 FROM notes WHERE id = $1", [id])).rowCount ?? 0;
}

describe("a conflict", () => {
  test("may occur many times before the retries run out", async () => {
    const id = nextId++;
    endpoint.faults.conflictCommits(6);
    await pool.transactionWithRetry((client) => client.query("INSERT INTO notes VALUES ($1, 'kept')", [id]));
    expect(endpoint.faults.counts.conflict).toBe(6);
    expect(await stored(id)).toBe(1);
  });

  test("leaves nothing stored when the attempts run out", async () => {
    const id = nextId++;
    endpoint.faults.conflictCommits(2);
    const failing = pool.transactionWithRetry(
      (client) => client.query("INSERT INTO notes VALUES ($1, 'lost')", [id]),
      { maxAttempts: 2 },
    );
    const failure = await failing.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OccRetryExhaustedError);
    expect(failure).toMatchObject({ attempts: 2, occType: "data", cause: { code: "40001" } });
    expect(await stored(id)).toBe(0);
  });

  test("is followed by waits as long as the caller sets, even beyond 100 ms", async () => {
    const delays: number[] = [];
    endpoint.faults.conflictCommits(1);
    await pool.transactionWithRetry((client) => client.query("SELECT 1"), {
      maxDelayMs: 5000,
      backoff: () => 120,
      onRetry: ({ delayMs }) => delays.push(delayMs),
    });
    expect(delays).toEqual([120]);
  });

  test("from a schema change is retried at once", async () => {
    const delays: number[] = [];
    endpoint.faults.conflictCommits(1, "OC001");
    await pool.transactionWithRetry(
      (client) => client.query("INSERT INTO notes VALUES ($1, 'new')", [nextId++]),
      {
        onRetry: ({ delayMs, occType }) => {
          expect(occType).toBe("schema");
          delays.push(delayMs);
        },
      },
    );
    expect(delays).toEqual([0]);
  });

  test("of a statement outside a transaction is retried by the pool", async () => {
    const id = nextId++;
    endpoint.faults.conflictCommits(3);
    await pool.query("INSERT INTO notes VALUES ($1, 'alone')", [id]);
    expect(endpoint.faults.counts.conflict).toBe(3);
    expect(await stored(id)).toBe(1);
  });

  test("of a session that has not seen a schema change yet is retried by the pool", async () => {
    const met: unknown[] = [];
    const retry = { onRetry: ({ occType }: RetryEvent) => met.push(occType) };
    const stale = new DsqlPool({ ...endpoint.connection, max: 1, retry });
    try {
      await stale.query("SELECT * FROM notes");
      await pool.query("CREATE TABLE made_meanwhile (id int PRIMARY KEY)");
      await stale.query("INSERT INTO notes VALUES ($1, 'kept')", [nextId++]);
    } finally {
      await stale.end();
    }
    expect(met).toEqual(["schema"]);
  });

  test("of a schema change can be retried by its caller", async () => {
    const failures = [Object.assign(new Error("schema has been updated (OC001)"), { code: "40001" })];
    await retryOnOcc(async () => {
      const failure = failures.pop();
      if (failure !== undefined) throw failure;
      await pool.query("CREATE TABLE made_later (id int PRIMARY KEY)");
    });
    expect((await pool.query("SELECT * FROM made_later")).rowCount).toBe(0);
  });
});

describe("an abort", () => {
  test("during COMMIT does not undo the commit", async () => {
    const id = nextId++;
    const controller = new AbortController();
    await pool.transactionWithRetry(
      async (client) => {
        await client.query("INSERT INTO notes VALUES ($1, 'kept')", [id]);
        setImmediate(() => controller.abort());
      },
      { signal: controller.signal },
    );
    expect(await stored(id)).toBe(1);
  });

  test("stops the attempt after a conflict", async () => {
    const id = nextId++;
    const controller = new AbortController();
    endpoint.faults.conflictCommits(1);
    const aborted = pool.transactionWithRetry(
      (client) => client.query("INSERT INTO notes VALUES ($1, 'lost')", [id]),
      { signal: controller.signal, onRetry: () => controller.abort() },
    );
    await expect(aborted).rejects.toMatchObject({ name: "AbortError" });
    expect(await stored(id)).toBe(0);
  });
});
