import type { DsqlPool } from "dsql-core";
import type pg from "pg";
import { type Contest, HALF_THE_CPU, LITTLE_MORE_CPU, NO_SLOWER, QUERY, TWICE_AS_FAST } from "./contests.ts";

/** The pool against node-postgres' own, and against AWS's. */
export function poolContests(pools: { dsql: DsqlPool; stock: pg.Pool; aws: pg.Pool }): Contest[] {
  const through = (pool: pg.Pool) => () => pool.query(QUERY);
  const [subject, stock, aws] = [through(pools.dsql), through(pools.stock), through(pools.aws)];
  const plain = {
    subject,
    baseline: stock,
    metric: "time per query",
    goal: NO_SLOWER,
    cpuGoal: LITTLE_MORE_CPU,
  } as const;
  return [
    { ...plain, name: "DsqlPool against pg.Pool, concurrency 1", concurrency: 1 },
    { ...plain, name: "DsqlPool against pg.Pool, concurrency 10", concurrency: 10 },
    {
      name: "DsqlPool against AWS's connector, concurrency 1",
      ...{ concurrency: 1, subject, baseline: aws, metric: "throughput", goal: TWICE_AS_FAST },
      cpuGoal: HALF_THE_CPU,
    },
  ];
}
