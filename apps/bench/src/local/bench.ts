import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import pg from "pg";
import type { BenchContext } from "../bench-context.ts";
import { comparisonOf, takeTurns } from "../measure/interleaved.ts";
import { finding } from "../report/finding.ts";
import { startPlainPostgres } from "./plain-postgres.ts";
import { measureStarts } from "./starts.ts";

const QUERY = { text: "SELECT value FROM bench_local WHERE id = $1", values: [7] };

/** dsql-local against the PostgreSQL that it stands on, reached over TLS by the same driver. */
export async function local({ report }: BenchContext): Promise<void> {
  await using endpoint = await startLocalDsql();
  const plain = await startPlainPostgres(endpoint);
  try {
    await measureQueries(endpoint, plain.port, report);
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

async function measureQueries(endpoint: LocalDsql, plainPort: number, report: BenchContext["report"]) {
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
    }
    const [one, plainOne] = [() => judged.query(QUERY), () => plain.query(QUERY)];
    const single = comparisonOf([
      await takeTurns(one, plainOne, { rounds: 40, operations: 200, concurrency: 1 }),
    ]);
    report(
      finding({
        ...{ bench: "local", case: "one client", metric: "time per query", unit: "us" },
        value: single.ratio * single.baselineUs,
        baseline: single.baselineUs,
        goal: { of: "ratio", is: "<=", limit: 2.5 },
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
  } finally {
    await Promise.allSettled([judged.end(), plain.end()]);
  }
}
