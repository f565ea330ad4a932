import type { Goal } from "../report/finding.ts";

/** Two ways to send the same query. */
export interface Contest {
  name: string;
  concurrency: number;
  subject: () => Promise<unknown>;
  baseline: () => Promise<unknown>;
  metric: "time per query" | "throughput";
  goal: Goal;
  /** The goal for the client's CPU time per query. */
  cpuGoal?: Goal;
}

export const NO_SLOWER: Goal = { of: "ratio", is: "<=", limit: 1.05 };
export const LITTLE_MORE_CPU: Goal = { of: "ratio", is: "<=", limit: 1.1 };
export const HALF_THE_CPU: Goal = { of: "ratio", is: "<=", limit: 0.5 };
export const TWICE_AS_FAST: Goal = { of: "ratio", is: ">=", limit: 2 };

export const ROW_ID = 7;
export const QUERY = { text: "SELECT id, value FROM bench_overhead WHERE id = $1", values: [ROW_ID] };
