import { DsqlPool } from "dsql-core";
import type { BenchContext } from "../benches.ts";
import { startEndpointProcess } from "../endpoint/endpoint-process.ts";
import { awsPool, signToken, stockPool } from "../endpoint/stock-pools.ts";
import { compare } from "../measure/interleaved.ts";
import { type Finding, finding } from "../report/finding.ts";
import type { Contest } from "./contests.ts";
import { ormContests } from "./orm-contests.ts";
import { poolContests } from "./pool-contests.ts";

const ROUNDS = 50;
const OPERATIONS = 100;
const MAX = 10;

/** What the pool and the adapters add to the time of a query. */
export async function overhead({ report }: BenchContext): Promise<void> {
  await using endpoint = await startEndpointProcess();
  const { connection } = endpoint;
  const dsql = new DsqlPool({ ...connection, max: MAX });
  const stock = stockPool(connection, await signToken(connection), MAX);
  const aws = awsPool(connection, MAX);
  try {
    await stock.query("CREATE TABLE bench_overhead (id int PRIMARY KEY, value text NOT NULL)");
    await stock.query("INSERT INTO bench_overhead SELECT n, 'value ' || n FROM generate_series(1, 100) n");
    for (const contest of [...poolContests({ dsql, stock, aws }), ...(await ormContests(dsql))]) {
      report(await decide(contest));
    }
  } finally {
    await Promise.allSettled([dsql.end(), stock.end(), aws.end()]);
  }
}

async function decide({ name, concurrency, subject, baseline, metric, goal }: Contest): Promise<Finding> {
  const rounds = { rounds: ROUNDS, operations: OPERATIONS * concurrency, concurrency };
  const { ratio, baselineUs } = await compare(subject, baseline, rounds);
  const names = { bench: "overhead", case: name, metric, goal };
  const subjectUs = ratio * baselineUs;
  return metric === "throughput"
    ? finding({ ...names, unit: "queries/s", value: 1e6 / subjectUs, baseline: 1e6 / baselineUs })
    : finding({ ...names, unit: "us", value: subjectUs, baseline: baselineUs });
}
