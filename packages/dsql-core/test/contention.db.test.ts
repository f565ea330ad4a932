import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, beforeAll, expect, test } from "vitest";

/** How often each test runs: few times by default, more often with CONTENTION_FULL=1. */
const FULL = process.env.CONTENTION_FULL === "1";

let endpoint: LocalDsql;
let pool: DsqlPool;
let nextRow = 1;

beforeAll(async () => {
  endpoint = await startLocalDsql();
  pool = new DsqlPool({ ...endpoint.connection, max: 100 });
  await pool.query("CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL)");
});

afterAll(async () => {
  await pool?.end();
  await endpoint?.stop();
});

/** Lets this many clients, each with its own connection, increment the same row with the default options. */
async function crowd(clients: number): Promise<{ committed: number; value: number }> {
  const id = nextRow++;
  await pool.query("INSERT INTO counters VALUES ($1, 0)", [id]);
  const addOne = () =>
    pool.transactionWithRetry(async (client) => {
      const read = await client.query("SELECT value FROM counters WHERE id = $1", [id]);
      await client.query("UPDATE counters SET value = $2 WHERE id = $1", [id, read.rows[0].value + 1]);
    });
  const results = await Promise.allSettled(Array.from({ length: clients }, addOne));
  const { rows } = await pool.query("SELECT value FROM counters WHERE id = $1", [id]);
  return { committed: results.filter(({ status }) => status === "fulfilled").length, value: rows[0].value };
}

test(`5 clients on one row all commit, ${FULL ? 100 : 10} times in a row`, async () => {
  for (let run = 0; run < (FULL ? 100 : 10); run++) {
    expect(await crowd(5)).toEqual({ committed: 5, value: 5 });
  }
});

test(`100 clients on one row all commit, ${FULL ? "10 times in a row" : "once"}`, async () => {
  for (let run = 0; run < (FULL ? 10 : 1); run++) {
    expect(await crowd(100)).toEqual({ committed: 100, value: 100 });
  }
}, 600_000);

test("hot and cold transactions through one helper all commit, the cold ones in their first attempt", async () => {
  const attempts = { hot: 0, cold: 0 };
  const withTransaction = (kind: keyof typeof attempts, text: string, values: number[]) =>
    pool.transactionWithRetry(async (client) => {
      attempts[kind]++;
      await client.query(text, values);
    });
  const first = nextRow;
  nextRow += 11;
  for (let id = first; id < nextRow; id++) await pool.query("INSERT INTO counters VALUES ($1, 0)", [id]);
  const client = async (kind: keyof typeof attempts, id: number) => {
    for (let done = 0; done < 3; done++)
      await withTransaction(kind, "UPDATE counters SET value = value + 1 WHERE id = $1", [id]);
  };
  const hot = Array.from({ length: 40 }, () => client("hot", first));
  const cold = Array.from({ length: 10 }, (_, index) => client("cold", first + 1 + index));
  await Promise.all([...hot, ...cold]);
  const { rows } = await pool.query("SELECT value FROM counters WHERE id = $1", [first]);
  expect(rows).toEqual([{ value: 120 }]);
  expect(attempts.cold).toBe(30);
  // With full jitter it takes nearly twice as many.
  expect(attempts.hot).toBeLessThanOrEqual(3 * 120);
});
