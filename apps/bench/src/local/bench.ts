import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import pg from "pg";
import type { BenchContext } from "../bench-context.ts";
import { comparisonOf, takeTurns } from "../measure/interleaved.ts";
import { finding } from "../report/finding.ts";
import { startPlainPostgres } from "./plain-postgres.ts";
import { measureStarts } from "./starts.ts";

const QUERY = { text: "SELECT value FROM bench_local WHERE id = $1", values: [7] };

/** dsql-local against the PostgreSQL behind it, reached over TLS by the same driver. */
export async function local({ report }: BenchContext): Promise<void> {
  await using endpoint = await startLocalDsql();
  const plain = await startPlainPostgres(endpoint);
  try {
    await withPools(endpoint, plain.port, async (judged, stock) => {
      await measureQueries(judged, stock, report);
      await measureTransactions(judged, stock, report);
      await measureLargeUpdate(judged, stock, report);
    });
    const starts = await measureStarts();
    const names = { bench: "local", unit: "ms", baseline: plain.initdbMs + plain.startMs };
    report(
      finding({
        ...names,
        case: "cold start against initdb and start",
        metric: "start",
        value: starts.coldMs,
      }),
    );
    report(
      finding({
        ...names,
        case: "warm start against initdb and start",
        metric: "start",
        value: starts.warmMs,
      }),
    );
    report(
      finding({
        ...names,
        case: "a worker's copy against initdb and start",
        metric: "start",
        value: starts.workerMs,
      }),
    );
  } finally {
    await plain.stop();
  }
}

/** Pools of the same driver for dsql-local and for the PostgreSQL alone, with the same tables in both. */
async function withPools(
  endpoint: LocalDsql,
  plainPort: number,
  measure: (judged: pg.Pool, plain: pg.Pool) => Promise<void>,
): Promise<void> {
  const { host, region, credentials, ca, user, database } = endpoint;
  const signer = new DsqlSigner({ hostname: host, region, credentials });
  const ssl = { ca, servername: host };
  const shared = { host: "127.0.0.1", user, database, ssl, max: 20 };
  const judged = new pg.Pool({
    ...shared,
    port: endpoint.port,
    password: () => signer.getDbConnectAdminAuthToken(),
  });
  const plain = new pg.Pool({ ...shared, port: plainPort });
  try {
    for (const pool of [judged, plain]) {
      await pool.query("CREATE TABLE bench_local (id int PRIMARY KEY, value text)");
      await pool.query("INSERT INTO bench_local SELECT n, 'value ' || n FROM generate_series(1, 100) n");
      await pool.query("CREATE TABLE bench_account (id int PRIMARY KEY, balance int)");
      await pool.query("INSERT INTO bench_account SELECT n, 0 FROM generate_series(1, 1000) n");
      await pool.query("CREATE TABLE bench_entry (id uuid PRIMARY KEY, account int, amount int)");
      await pool.query("CREATE TABLE bench_large (id int PRIMARY KEY, n int, text text)");
      await pool.query(
        "INSERT INTO bench_large SELECT n, 0, 'some text of the row ' || n FROM generate_series(1, 1000) n",
      );
    }
    await measure(judged, plain);
  } finally {
    await Promise.allSettled([judged.end(), plain.end()]);
  }
}

async function measureQueries(judged: pg.Pool, plain: pg.Pool, report: BenchContext["report"]) {
  const [one, plainOne] = [() => judged.query(QUERY), () => plain.query(QUERY)];
  const single = comparisonOf([
    await takeTurns(one, plainOne, { rounds: 40, operations: 200, concurrency: 1 }),
  ]);
  report(
    finding({
      ...{ bench: "local", case: "one client", metric: "time per query", unit: "us" },
      value: single.ratio * single.baselineUs,
      baseline: single.baselineUs,
      goal: { of: "ratio", is: "<=", limit: 1.5 },
    }),
  );
  const many = comparisonOf([
    await takeTurns(one, plainOne, { rounds: 30, operations: 1000, concurrency: 20 }),
  ]);
  report(
    finding({
      ...{ bench: "local", case: "20 clients", metric: "throughput", unit: "queries/s" },
      value: 1e6 / (many.ratio * many.baselineUs),
      baseline: 1e6 / many.baselineUs,
      goal: { of: "ratio", is: ">=", limit: 0.45 },
    }),
  );
}

/** A transfer: BEGIN, UPDATE, SELECT, INSERT, COMMIT, of an account that no other transaction has at the time. */
async function transact(pool: pg.Pool, nextAccount: () => number): Promise<void> {
  const client = await pool.connect();
  try {
    const account = nextAccount();
    await client.query("BEGIN");
    await client.query("UPDATE bench_account SET balance = balance + 1 WHERE id = $1", [account]);
    await client.query("SELECT balance FROM bench_account WHERE id = $1", [account]);
    await client.query("INSERT INTO bench_entry VALUES (gen_random_uuid(), $1, 1)", [account]);
    await client.query("COMMIT");
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function measureTransactions(judged: pg.Pool, plain: pg.Pool, report: BenchContext["report"]) {
  let turns = 0;
  const nextAccount = () => 1 + (turns++ % 1000);
  const [subject, baseline] = [() => transact(judged, nextAccount), () => transact(plain, nextAccount)];
  for (const { clients, limit, rounds } of [
    { clients: 1, limit: 0.35, rounds: { rounds: 20, operations: 100, concurrency: 1 } },
    { clients: 20, limit: 0.3, rounds: { rounds: 20, operations: 400, concurrency: 20 } },
  ]) {
    const { ratio, baselineUs } = comparisonOf([await takeTurns(subject, baseline, rounds)]);
    report(
      finding({
        bench: "local",
        case: clients === 1 ? "one client" : `${clients} clients`,
        metric: "transactions (BEGIN, UPDATE, SELECT, INSERT, COMMIT)",
        unit: "transactions/s",
        value: 1e6 / (ratio * baselineUs),
        baseline: 1e6 / baselineUs,
        goal: { of: "ratio", is: ">=", limit },
      }),
    );
  }
}

async function measureLargeUpdate(judged: pg.Pool, plain: pg.Pool, report: BenchContext["report"]) {
  const update = "UPDATE bench_large SET n = n + 1";
  const { ratio, baselineUs } = comparisonOf([
    await takeTurns(
      () => judged.query(update),
      () => plain.query(update),
      { rounds: 15, operations: 10, concurrency: 1 },
    ),
  ]);
  report(
    finding({
      ...{ bench: "local", case: "one client", metric: "UPDATE of 1,000 rows", unit: "statements/s" },
      value: 1e6 / (ratio * baselineUs),
      baseline: 1e6 / baselineUs,
      goal: { of: "ratio", is: ">=", limit: 0.4 },
    }),
  );
}
