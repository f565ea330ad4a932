import type { BenchContext } from "../bench-context.ts";
import { contentionCases } from "../contention/cases.ts";
import { outcomeFindings, together } from "../contention/outcome.ts";
import { type Policy, policies } from "../contention/policies.ts";
import { virtualClock } from "../measure/virtual-clock.ts";
import { gridCells, gridFindings } from "./grid.ts";
import { runCase } from "./run-case.ts";
import { steadyFindings } from "./steady.ts";

const RUNS = 20;

/** The package's own retry code, and the other policies, against a simulated cluster in virtual time. */
export async function simulate({ report }: BenchContext): Promise<void> {
  await simulateCases({ report, runs: RUNS });
  (await steadyFindings(1)).forEach(report);
  for (const cell of gridCells) (await gridFindings(cell)).forEach(report);
}

/** The cases of the `contention` bench. */
export async function simulateCases({
  report,
  runs,
}: Pick<BenchContext, "report"> & { runs: number }): Promise<void> {
  for (const which of contentionCases) {
    const alone = await repeated(runs, { clients: 1, rows: 1, processes: 1 }, policies.default);
    const fullJitter = await repeated(runs, which, policies["full jitter"]);
    const baselines = {
      serialMs: alone.elapsedMs * which.clients * which.processes,
      fullJitterMs: fullJitter.elapsedMs,
    };
    for (const [name, policy] of Object.entries<Policy>(policies)) {
      const outcome = await repeated(runs, which, policy);
      outcomeFindings("simulate", name, { which, outcome, baselines }).forEach(report);
    }
  }
}

async function repeated(runs: number, ...given: Parameters<typeof runCase>) {
  const outcomes = [];
  for (let run = 0; run < runs; run++) {
    outcomes.push(await virtualClock(run * 7919 + 1).run(() => runCase(...given)));
  }
  return together(outcomes);
}
