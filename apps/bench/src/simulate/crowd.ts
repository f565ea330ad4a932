import { seeded } from "../measure/virtual-clock.ts";
import { pass, SimulatedCluster } from "./cluster.ts";

/** Clients of which some fight over few rows, and the others write rows of a large table. */
export interface Crowd {
  /** The share of the clients that write hot rows, from 0 to 1. */
  hotShare: number;
  hotRows: number;
  drawnBy: "uniform" | "zipf";
  /** Whether all transactions are as short as they can be, or every other one takes twenty times as long. */
  lengths: "same" | "1:20";
  processes: number;
  /** Milliseconds that a client does other things between two transactions, at most. */
  thinkMs: number;
  /** Whether the retry loop learns which row a transaction wrote. */
  isSeen: boolean;
}

/** A policy that runs a transaction until it commits or the policy gives up. */
export type CrowdPolicy = (
  transaction: () => Promise<void>,
  at: { process: string; row: string },
) => Promise<void>;

/** The results of the clients of one kind. */
export interface Tally {
  transactions: number;
  attempts: number;
  latenciesMs: number[];
}

export const CLIENTS = 60;
const TRANSACTIONS_EACH = 3;
/** Enough rows that cold work meets a conflict only now and then. */
const COLD_ROWS = 2000;
const SHORT_MS = 16.5;
/** Clients start within this many milliseconds. */
const START_WITHIN_MS = 2;

/** Runs one crowd once, in the caller's virtual time; `only` leaves the clients of the other kind out. */
export async function runCrowd(
  crowd: Crowd,
  policy: CrowdPolicy,
  { seed, only }: { seed: number; only?: "hot" | "cold" },
): Promise<{ hot: Tally; cold: Tally }> {
  const cluster = new SimulatedCluster();
  const tallies = { hot: emptyTally(), cold: emptyTally() };
  const hotClients = Math.round(CLIENTS * crowd.hotShare);
  const client = async (_: unknown, index: number) => {
    const process = `process ${index % crowd.processes}`;
    const kind = index < hotClients ? "hot" : "cold";
    if (only !== undefined && only !== kind) return;
    const tally = tallies[kind];
    // A client draws the same rows and times under every policy.
    const random = seeded(seed * 1_000_003 + index);
    const drawRow =
      kind === "hot" ? rowsOf("hot", crowd.hotRows, crowd.drawnBy) : rowsOf("cold", COLD_ROWS, "uniform");
    await pass(random() * START_WITHIN_MS);
    for (let done = 0; done < TRANSACTIONS_EACH; done++) {
      if (done > 0) await pass(random() * crowd.thinkMs);
      const row = drawRow(random());
      const isLong = crowd.lengths === "1:20" && (index + done) % 2 === 1;
      const workMs = isLong ? 19 * SHORT_MS : 0;
      const startedAt = performance.now();
      tally.transactions++;
      try {
        await policy(
          () => {
            tally.attempts++;
            return cluster.readModifyWrite(row, { workMs, isSeen: crowd.isSeen, process, random });
          },
          { process, row },
        );
        tally.latenciesMs.push(performance.now() - startedAt);
      } catch {
        // A policy that gives up shows in the share that committed.
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return tallies;
}

function emptyTally(): Tally {
  return { transactions: 0, attempts: 0, latenciesMs: [] };
}

/** Turns a number from 0 to 1 into the name of a row. */
function rowsOf(table: string, rows: number, drawnBy: "uniform" | "zipf"): (drawn: number) => string {
  if (drawnBy === "uniform") return (drawn) => `${table} ${Math.floor(drawn * rows)}`;
  const weights = Array.from({ length: rows }, (_, rank) => 1 / (rank + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (drawn) => {
    let rank = 0;
    let left = drawn * total - (weights[0] as number);
    while (left >= 0 && rank < rows - 1) left -= weights[++rank] as number;
    return `${table} ${rank}`;
  };
}
