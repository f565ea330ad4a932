import type { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

/** Of 800 bytes each: more than PostgreSQL's min_parallel_table_scan_size (8 MB). */
const ROWS = 12_000;
/** The most that one transaction may write. */
const ROWS_PER_TRANSACTION = 3000;

let dsql: LocalDsql;
let client: Client;

beforeAll(async () => {
  dsql = await startLocalDsql({ indexBuildMs: 0 });
  client = await connect(dsql);
  await client.query("CREATE TABLE event (id int PRIMARY KEY, kind int, body text)");
  for (let first = 0; first < ROWS; first += ROWS_PER_TRANSACTION) {
    await client.query(
      "INSERT INTO event SELECT n, n % 7, repeat('x', 800) FROM generate_series($1::int, $2::int) AS n",
      [first, first + ROWS_PER_TRANSACTION - 1],
    );
  }
});
afterAll(async () => {
  await client?.end();
  await dsql?.stop();
});

it("computes an expensive aggregate over a table that PostgreSQL would scan in parallel", async () => {
  // Each condition adds to the estimated cost; together they make a parallel plan the cheapest.
  const conditions = Array.from({ length: 100 }, (_, n) => `id * ${n + 1} <> -1`).join(" AND ");
  const { rows } = await client.query(`SELECT count(*)::int AS count FROM event WHERE ${conditions}`);
  expect(rows).toEqual([{ count: ROWS }]);
});

it("builds an index on a table that PostgreSQL would read in parallel", async () => {
  const { rows } = await client.query("CREATE INDEX ASYNC event_kind ON event (kind)");
  await client.query(`CALL sys.wait_for_job('${rows[0].job_id}')`);
  const jobs = await client.query("SELECT status FROM sys.jobs WHERE job_id = $1", [rows[0].job_id]);
  expect(jobs.rows).toEqual([{ status: "completed" }]);
});
