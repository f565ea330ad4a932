import { retryOnOcc } from "dsql-core";
import type { BenchContext } from "../benches.ts";
import { contentionCases } from "../contention/cases.ts";
import { outcomeFindings, together } from "../contention/outcome.ts";
import { policies } from "../contention/policies.ts";
import { runCase, type SimulatedPolicy } from "./run-case.ts";
import { steadyFindings } from "./steady.ts";
import { virtualClock } from "./virtual-clock.ts";

const RUNS = 20;

/** The package's own retry code, and the other policies, against a simulated cluster in virtual time. */
export async function simulate({
  report,
  runs = RUNS,
}: Pick<BenchContext, "report"> & { runs?: number }): Promise<void> {
  for (const which of contentionCases) {
    const serialMs = (await repeated(runs, { clients: 1, rows: 1, processes: 1 }, policies.default))
      .elapsedMs;
    const fullJitter = await repeated(runs, which, policies["full jitter"]);
    const baselines = {
      serialMs: serialMs * which.clients * which.processes,
      fullJitterMs: fullJitter.elapsedMs,
    };
    for (const [name, policy] of Object.entries(simulated)) {
      const outcome = await repeated(runs, which, policy);
      outcomeFindings("simulate", name, { which, outcome, baselines }).forEach(report);
    }
  }
  (await steadyFindings(1)).forEach(report);
}

/** A process sees its own lane only: lanes are told apart by their key. */
const simulated: Record<string, SimulatedPolicy> = {
  ...policies,
  default: (transaction, process) => inProcess[process % inProcess.length]?.(transaction) ?? transaction(),
};

const inProcess = [0, 1, 2, 3].map(
  (process) => (transaction: () => Promise<void>) =>
    retryOnOcc(transaction, { conflictKey: `process ${process}` }),
);

async function repeated(runs: number, ...given: Parameters<typeof runCase>) {
  const outcomes = [];
  for (let run = 0; run < runs; run++) {
    outcomes.push(await virtualClock(run * 7919 + 1).run(() => runCase(...given)));
  }
  return together(outcomes);
}
