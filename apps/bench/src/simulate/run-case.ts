import type { ContentionCase } from "../contention/cases.ts";
import type { Outcome } from "../contention/outcome.ts";
import type { Policy } from "../contention/policies.ts";
import { pass, SimulatedCluster } from "./cluster.ts";

/** Clients start within this many milliseconds. */
const START_WITHIN_MS = 2;

/** Runs one case once, in the caller's virtual time. */
export async function runCase(which: ContentionCase, policy: Policy): Promise<Outcome> {
  const cluster = new SimulatedCluster();
  const outcome: Outcome = { committed: 0, attempts: 0, elapsedMs: 0, latenciesMs: [] };
  const startedAt = performance.now();
  const client = async (_: unknown, index: number) => {
    const row = Math.floor(Math.random() * which.rows);
    await pass(Math.random() * START_WITHIN_MS);
    const firstAttemptAt = performance.now();
    try {
      await policy(() => {
        outcome.attempts++;
        return cluster.readModifyWrite(String(row), { process: `process ${index % which.processes}` });
      });
      outcome.committed++;
      outcome.latenciesMs.push(performance.now() - firstAttemptAt);
    } catch {
      // A policy that gives up shows in the share that committed.
    }
  };
  await Promise.all(Array.from({ length: which.clients * which.processes }, client));
  outcome.elapsedMs = performance.now() - startedAt;
  return outcome;
}
