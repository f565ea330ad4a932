// An AWS Lambda handler. The pool lives in module scope: a warm function keeps its connections and its token, and after
// a freeze the first call gets a fresh token if the old one has expired meanwhile.
import { DsqlPool } from "dsql-core";

const pool = new DsqlPool({
  connectionString: process.env.DATABASE_URL,
  max: 1,
  connectionTimeoutMillis: 5_000,
});

interface CounterEvent {
  name: string;
}

interface CounterResponse {
  statusCode: number;
  body: string;
}

/** Counts how often a name was seen. */
export async function handler(event: CounterEvent): Promise<CounterResponse> {
  const { rows } = await pool.query(
    `insert into counters values ($1, 1)
     on conflict (name) do update set value = counters.value + 1
     returning value`,
    [event.name],
  );
  return { statusCode: 200, body: JSON.stringify({ name: event.name, value: rows[0].value }) };
}

/** Creates what the handler needs; a deployment step calls it once. */
export async function setUp(): Promise<void> {
  await pool.query("create table if not exists counters (name text primary key, value integer not null)");
}

/** Closes the pool; only a program that exits by itself needs it, a Lambda function does not. */
export async function tearDown(): Promise<void> {
  await pool.end();
}
