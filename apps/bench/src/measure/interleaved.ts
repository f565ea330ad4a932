import { median } from "../report/statistics.ts";

/** How long each short run is, and how many there are. */
export interface Rounds {
  rounds: number;
  /** Operations in one short run. */
  operations: number;
  /** How many of them at a time. */
  concurrency: number;
}

/** Two ways to do the same work, measured in turns: microseconds for one operation, of each short run. */
export interface Runs {
  subjectUs: number[];
  baselineUs: number[];
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
  const subjectUs: number[] = [];
  const baselineUs: number[] = [];
  await shortRun(subject, rounds);
  await shortRun(baseline, rounds);
  for (let round = 0; round < rounds.rounds; round++) {
    const runs: [() => Promise<unknown>, number[]][] = [
      [subject, subjectUs],
      [baseline, baselineUs],
    ];
    if (round % 2 === 1) runs.reverse();
    for (const [operation, figures] of runs) figures.push(await shortRun(operation, rounds));
  }
  return { subjectUs, baselineUs };
}

/** Puts runs together, of one sitting or of several. */
export function comparisonOf(sittings: readonly Runs[]): Comparison {
  const subjectUs = sittings.flatMap((runs) => runs.subjectUs);
  const baselineUs = sittings.flatMap((runs) => runs.baselineUs);
  const ratios = subjectUs.map((value, round) => value / (baselineUs[round] ?? Number.NaN));
  return { subjectUs: median(subjectUs), baselineUs: median(baselineUs), ratio: median(ratios) };
}

/** Microseconds for one operation, over all that run at a time. */
async function shortRun(
  operation: () => Promise<unknown>,
  { operations, concurrency }: Rounds,
): Promise<number> {
  let left = operations;
  const startedAt = performance.now();
  const worker = async () => {
    while (left-- > 0) await operation();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return ((performance.now() - startedAt) * 1000) / operations;
}
