import { median } from "../report/statistics.ts";

/** How long each short run is, and how many there are. */
export interface Rounds {
  rounds: number;
  /** Operations in one short run. */
  operations: number;
  /** How many of them at a time. */
  concurrency: number;
}

/** Microseconds for one operation. */
export interface Cost {
  elapsedUs: number;
  /** Of this process, all its threads; the endpoint has a process of its own. */
  cpuUs: number;
}

/** Two ways to do the same work, measured in turns: what one operation cost in each short run. */
export interface Runs {
  subject: Cost[];
  baseline: Cost[];
}

/** What the runs come to. */
export interface Comparison {
  /** Medians of all runs. */
  subjectUs: number;
  baselineUs: number;
  /** The median of the ratios of neighbouring runs, which drift of the machine leaves alone. */
  ratio: number;
}

/** Measures two ways in short alternating runs; who goes first changes from round to round. */
export async function takeTurns(
  subject: () => Promise<unknown>,
  baseline: () => Promise<unknown>,
  rounds: Rounds,
): Promise<Runs> {
  const subjectCosts: Cost[] = [];
  const baselineCosts: Cost[] = [];
  await shortRun(subject, rounds);
  await shortRun(baseline, rounds);
  for (let round = 0; round < rounds.rounds; round++) {
    const runs: [() => Promise<unknown>, Cost[]][] = [
      [subject, subjectCosts],
      [baseline, baselineCosts],
    ];
    if (round % 2 === 1) runs.reverse();
    for (const [operation, costs] of runs) costs.push(await shortRun(operation, rounds));
  }
  return { subject: subjectCosts, baseline: baselineCosts };
}

/** Puts runs together, of one sitting or of several. */
export function comparisonOf(sittings: readonly Runs[], of: keyof Cost = "elapsedUs"): Comparison {
  const subjectUs = sittings.flatMap(({ subject }) => subject.map((cost) => cost[of]));
  const baselineUs = sittings.flatMap(({ baseline }) => baseline.map((cost) => cost[of]));
  const ratios = subjectUs.map((value, round) => value / (baselineUs[round] ?? Number.NaN));
  return { subjectUs: median(subjectUs), baselineUs: median(baselineUs), ratio: median(ratios) };
}

/** What one operation costs, over all that run at a time. */
async function shortRun(
  operation: () => Promise<unknown>,
  { operations, concurrency }: Rounds,
): Promise<Cost> {
  let left = operations;
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const worker = async () => {
    while (left-- > 0) await operation();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    elapsedUs: ((performance.now() - startedAt) * 1000) / operations,
    cpuUs: (user + system) / operations,
  };
}
