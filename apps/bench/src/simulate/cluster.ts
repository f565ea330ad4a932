/** Milliseconds of virtual time that a simulated cluster takes, as in the measured bench. */
const ROUND_TRIP_MS = 1.5;
const COMMIT_MS = 12;
const COMMIT_JITTER = 0.3;

/** Rows with versions, and the rule that the first to COMMIT wins. */
export class SimulatedCluster {
  readonly #versions: number[];

  constructor(rows: number) {
    this.#versions = new Array<number>(rows).fill(0);
  }

  /** BEGIN, read one row, write it, COMMIT; rejects as a client would be told of a conflict. */
  async readModifyWrite(row: number): Promise<void> {
    await pass(ROUND_TRIP_MS);
    await pass(ROUND_TRIP_MS / 2);
    const seen = this.#versions[row];
    await pass(ROUND_TRIP_MS / 2);
    await pass(ROUND_TRIP_MS);
    await pass(COMMIT_MS * (1 + COMMIT_JITTER * (2 * Math.random() - 1)));
    const wins = this.#versions[row] === seen;
    if (wins) this.#versions[row] = (seen ?? 0) + 1;
    await pass(ROUND_TRIP_MS);
    if (!wins) {
      throw Object.assign(new Error("change conflicts with another transaction (OC000)"), { code: "40001" });
    }
  }
}

export function pass(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
