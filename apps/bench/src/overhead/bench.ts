import { DsqlPool } from "dsql-core";
import type { LocalConnection } from "dsql-local";
import type { BenchContext } from "../bench-context.ts";
import { startEndpointProcess } from "../endpoint/endpoint-process.ts";
import { awsPool, signToken, stockPool } from "../endpoint/stock-pools.ts";
import { type Comparison, comparisonOf, type Runs, takeTurns } from "../measure/interleaved.ts";
import { type Finding, finding } from "../report/finding.ts";
import type { Contest } from "./contests.ts";
import { ormContests } from "./orm-contests.ts";
import { poolContests } from "./pool-contests.ts";

/** Each sitting has connections of its own: which server process a connection got, and where it runs, is luck. */
const SITTINGS = 6;
const ROUNDS = 10;
const OPERATIONS = 100;
const MAX = 10;

/** What the pool and the adapters add to the time of a query. */
export async function overhead({ report }: BenchContext): Promise<void> {
  await using endpoint = await startEndpointProcess();
  const { connection } = endpoint;
  await fillTable(connection);
  const sittings = new Map<string, { contest: Contest; runs: Runs[] }>();
  for (let sitting = 0; sitting < SITTINGS; sitting++) {
    for (const { contest, runs } of await sit(connection)) {
      const before = sittings.get(contest.name)?.runs ?? [];
      sittings.set(contest.name, { contest, runs: [...before, runs] });
    }
  }
  for (const { contest, runs } of sittings.values()) {
    report(decide(contest, comparisonOf(runs)));
    if (contest.cpuGoal !== undefined) report(decideCpu(contest, comparisonOf(runs, "cpuUs")));
  }
}

async function fillTable(connection: LocalConnection): Promise<void> {
  const pool = stockPool(connection, await signToken(connection), 1);
  try {
    await pool.query("CREATE TABLE bench_overhead (id int PRIMARY KEY, value text NOT NULL)");
    await pool.query("INSERT INTO bench_overhead SELECT n, 'value ' || n FROM generate_series(1, 100) n");
  } finally {
    await pool.end();
  }
}

/** Every contest once, on new pools. */
async function sit(connection: LocalConnection): Promise<{ contest: Contest; runs: Runs }[]> {
  const dsql = new DsqlPool({ ...connection, max: MAX });
  const stock = stockPool(connection, await signToken(connection), MAX);
  const aws = awsPool(connection, MAX);
  try {
    const results = [];
    for (const contest of [...poolContests({ dsql, stock, aws }), ...(await ormContests(dsql))]) {
      const { concurrency, subject, baseline } = contest;
      const rounds = { rounds: ROUNDS, operations: OPERATIONS * concurrency, concurrency };
      results.push({ contest, runs: await takeTurns(subject, baseline, rounds) });
    }
    return results;
  } finally {
    await Promise.allSettled([dsql.end(), stock.end(), aws.end()]);
  }
}

function decide({ name, metric, goal }: Contest, { ratio, baselineUs }: Comparison): Finding {
  const names = { bench: "overhead", case: name, metric, goal };
  const subjectUs = ratio * baselineUs;
  return metric === "throughput"
    ? finding({ ...names, unit: "queries/s", value: 1e6 / subjectUs, baseline: 1e6 / baselineUs })
    : finding({ ...names, unit: "us", value: subjectUs, baseline: baselineUs });
}

/** On a busy machine the endpoint's time hides the client's, but not its CPU time. */
function decideCpu({ name, cpuGoal }: Contest, { ratio, baselineUs }: Comparison): Finding {
  return finding({
    ...{ bench: "overhead", case: name, metric: "client CPU per query", goal: cpuGoal, unit: "us" },
    ...{ value: ratio * baselineUs, baseline: baselineUs },
  });
}
