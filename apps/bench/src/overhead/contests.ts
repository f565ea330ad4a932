import type { Goal } from "../report/finding.ts";

/** Two ways to send the same query. */
export interface Contest {
  name: string;
  concurrency: number;
  subject: () => Promise<unknown>;
  baseline: () => Promise<unknown>;
  metric: "time per query" | "throughput";
  goal: Goal;
}

export const NO_SLOWER: Goal = { of: "ratio", is: "<=", limit: 1.05 };
export const TWICE_AS_FAST: Goal = { of: "ratio", is: ">=", limit: 2 };

export const ROW_ID = 7;
export const QUERY = { text: "SELECT id, value FROM bench_overhead WHERE id = $1", values: [ROW_ID] };
