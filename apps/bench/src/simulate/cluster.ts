/** How long a simulated cluster takes, in milliseconds of virtual time. */
export interface SimulatedLatency {
  roundTripMs: number;
  commitMs: number;
  /** A share: 0.3 is 30 % up and down. */
  commitJitter: number;
  decideAt: number;
}

/** Rows with versions, and the rule that the first to COMMIT wins. */
export class SimulatedCluster {
  readonly #versions: number[];
  readonly #latency: SimulatedLatency;

  constructor(rows: number, latency: SimulatedLatency) {
    this.#versions = new Array<number>(rows).fill(0);
    this.#latency = latency;
  }

  /** BEGIN, read one row, write it, COMMIT. */
  async readModifyWrite(row: number): Promise<void> {
    const { roundTripMs, commitMs, commitJitter, decideAt } = this.#latency;
    await pass(roundTripMs);
    await pass(roundTripMs / 2);
    const seen = this.#versions[row];
    await pass(roundTripMs / 2);
    await pass(roundTripMs);
    const commit = commitMs * (1 + commitJitter * (2 * Math.random() - 1));
    await pass(roundTripMs / 2 + commit * decideAt);
    const conflict = this.#versions[row] !== seen;
    if (!conflict) this.#versions[row] = (seen ?? 0) + 1;
    await pass(roundTripMs / 2 + commit * (1 - decideAt));
    if (conflict) throw Object.assign(new Error("change conflicts (OC000)"), { code: "40001" });
  }
}

export function pass(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
