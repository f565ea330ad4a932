import { type Finding, finding, type Goal } from "../report/finding.ts";
import { median, quantile } from "../report/statistics.ts";
import { type ContentionCase, caseName } from "./cases.ts";

/** The results of all clients of one case under one policy. */
export interface Outcome {
  committed: number;
  attempts: number;
  elapsedMs: number;
  /** Of each transaction, from its first attempt to its end. */
  latenciesMs: number[];
}

/** What an outcome is compared with. */
export interface Baselines {
  /** The same transactions one after the other, in the same run. */
  serialMs: number;
  /** How long plain full jitter took for the same case. */
  fullJitterMs: number;
}

/** The figures of one case under one policy; only the default has goals. */
export function outcomeFindings(
  bench: string,
  policy: string,
  { which, outcome, baselines }: { which: ContentionCase; outcome: Outcome; baselines: Baselines },
): Finding[] {
  const total = which.clients * which.processes;
  const judged = policy === "default";
  const asked = (goal: Goal | undefined) => (judged ? goal : undefined);
  const names = { bench, case: `${caseName(which)}: ${policy}` };
  const oneRow = which.rows === 1;
  const hundred = oneRow && which.processes === 1 && which.clients === 100;
  return [
    finding({
      ...names,
      metric: "committed",
      unit: "%",
      value: (100 * outcome.committed) / total,
      goal: asked({ of: "value", is: ">=", limit: 100 }),
    }),
    finding({
      ...names,
      metric: "attempts per commit",
      unit: "attempts",
      value: outcome.attempts / outcome.committed,
      goal: asked(attemptsGoal(which)),
    }),
    finding({
      ...names,
      metric: "elapsed over serial",
      unit: "ms",
      value: outcome.elapsedMs,
      baseline: baselines.serialMs,
      goal: asked(hundred ? { of: "ratio", is: "<=", limit: 1.3 } : undefined),
    }),
    finding({
      ...names,
      metric: "elapsed over full jitter",
      unit: "ms",
      value: outcome.elapsedMs,
      baseline: baselines.fullJitterMs,
      goal: asked(oneRow ? undefined : { of: "ratio", is: "<=", limit: 1.1 }),
    }),
    finding({ ...names, metric: "p50", unit: "ms", value: quantile(outcome.latenciesMs, 0.5) }),
    finding({ ...names, metric: "p99", unit: "ms", value: quantile(outcome.latenciesMs, 0.99) }),
  ];
}

function attemptsGoal({ clients, rows, processes }: ContentionCase): Goal | undefined {
  if (rows !== 1) return undefined;
  if (processes > 1) return { of: "value", is: "<=", limit: 5 };
  return clients === 100 ? { of: "value", is: "<=", limit: 3 } : undefined;
}

/** One outcome for several runs of a case: means, and the median of their times, which one slow run does not distort. */
export function together(outcomes: readonly Outcome[]): Outcome {
  return {
    committed: outcomes.reduce((sum, { committed }) => sum + committed, 0) / outcomes.length,
    attempts: outcomes.reduce((sum, { attempts }) => sum + attempts, 0) / outcomes.length,
    elapsedMs: median(outcomes.map(({ elapsedMs }) => elapsedMs)),
    latenciesMs: outcomes.flatMap(({ latenciesMs }) => latenciesMs),
  };
}
