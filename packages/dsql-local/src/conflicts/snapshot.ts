/** Which transactions' commits a transaction sees; parsed from the text of pg_current_snapshot(), `xmin:xmax:xip,xip`. */
export class Snapshot {
  /** xmin: every transaction with a lower id is either committed and visible, or rolled back. */
  readonly oldest: number;
  /** xmax: no transaction with this id or a higher one had ended. */
  readonly #next: number;
  /** xip: the transactions between the two that had not ended either. */
  readonly #open: ReadonlySet<number>;

  constructor(text: string) {
    const [oldest = "", next = "", open = ""] = text.split(":");
    this.oldest = Number(oldest);
    this.#next = Number(next);
    this.#open = new Set(open === "" ? [] : open.split(",").map(Number));
  }

  /** Whether a transaction that has committed by now had done so before this snapshot was taken. */
  sees(transactionId: number): boolean {
    return transactionId < this.#next && !this.#open.has(transactionId);
  }
}
