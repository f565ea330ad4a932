import { retryOnOcc } from "dsql-core";
import { policies } from "../contention/policies.ts";
import { virtualClock } from "../measure/virtual-clock.ts";
import { type Finding, finding } from "../report/finding.ts";
import { quantile } from "../report/statistics.ts";
import { pass, SimulatedCluster } from "./cluster.ts";

const CLIENTS = 50;
const TRANSACTIONS_EACH = 20;
/** Milliseconds that a client does other things between two transactions, at most. */
const THINK_MS = 400;

const contenders = {
  default: policies.default,
  "default with conflictKey": (transaction: () => Promise<void>) =>
    retryOnOcc(transaction, { conflictKey: "the row" }),
  "full jitter": policies["full jitter"],
};

/** Clients that come back to one row again and again, so that new transactions always meet waiting ones. */
export async function steadyFindings(seed: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, policy] of Object.entries(contenders)) {
    let attempts = 0;
    const latenciesMs: number[] = [];
    await virtualClock(seed).run(async () => {
      const cluster = new SimulatedCluster();
      const client = async () => {
        for (let done = 0; done < TRANSACTIONS_EACH; done++) {
          await pass(Math.random() * THINK_MS);
          const startedAt = performance.now();
          await policy(() => {
            attempts++;
            return cluster.readModifyWrite("0");
          });
          latenciesMs.push(performance.now() - startedAt);
        }
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
    });
    const names = { bench: "simulate", case: `${CLIENTS} clients, 1 row, without end: ${name}` };
    const perCommit = attempts / latenciesMs.length;
    findings.push(finding({ ...names, metric: "attempts per commit", unit: "attempts", value: perCommit }));
    findings.push(finding({ ...names, metric: "p50", unit: "ms", value: quantile(latenciesMs, 0.5) }));
    findings.push(finding({ ...names, metric: "p99", unit: "ms", value: quantile(latenciesMs, 0.99) }));
  }
  return findings;
}
