import { noteCommittedRows, noteContestedRows } from "dsql-core";

/** Milliseconds of virtual time that a simulated cluster takes, as in the measured bench. */
const ROUND_TRIP_MS = 1.5;
const COMMIT_MS = 12;
const COMMIT_JITTER = 0.3;

/** How a simulated transaction differs from the shortest one. */
export interface TransactionShape {
  /** Milliseconds that the caller works between reading and writing. */
  workMs?: number;
  /** Whether the retry loop learns which row was written, as it does of statements that name their row by its key. */
  isSeen?: boolean;
  /** Whose retries it takes turns with. */
  process?: string;
  /** Draws the time of a COMMIT. */
  random?: () => number;
}

/** Rows with versions, and the rule that the first to COMMIT wins. */
export class SimulatedCluster {
  readonly #versions = new Map<string, number>();

  /** BEGIN, read one row, write it, COMMIT; rejects with the error that a client gets for a conflict. */
  async readModifyWrite(
    row: string,
    { workMs = 0, isSeen = true, process = "", random = Math.random }: TransactionShape = {},
  ): Promise<void> {
    await pass(ROUND_TRIP_MS * 1.5);
    const seen = this.#versions.get(row) ?? 0;
    await pass(ROUND_TRIP_MS * 1.5 + workMs + COMMIT_MS * (1 + COMMIT_JITTER * (2 * random() - 1)));
    const wins = (this.#versions.get(row) ?? 0) === seen;
    if (wins) this.#versions.set(row, seen + 1);
    await pass(ROUND_TRIP_MS);
    if (wins) {
      if (isSeen) noteCommittedRows(process, () => [row]);
      return;
    }
    const conflict = Object.assign(new Error("change conflicts with another transaction (OC000)"), {
      code: "40001",
    });
    if (isSeen) noteContestedRows(conflict, process, () => [row]);
    throw conflict;
  }
}

export function pass(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
