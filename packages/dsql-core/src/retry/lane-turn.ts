import { type Place, RetryLane } from "./retry-lane.ts";

/** The lanes of this process, each for as long as work of its kind runs. */
const lanes = new Map<string, { lane: RetryLane; users: number }>();

/** One piece of work in its lane: free at first, and from its first conflict on in turn with the others. */
export class LaneTurn {
  readonly #key: string;
  readonly #lane: RetryLane;
  #ticket: number | undefined;
  #place: Place | undefined;
  #commitsBefore = 0;

  /** Joins the lane of this key; {@link end} leaves it. */
  constructor(key: string) {
    const entry = lanes.get(key) ?? { lane: new RetryLane(), users: 0 };
    entry.users++;
    lanes.set(key, entry);
    this.#key = key;
    this.#lane = entry.lane;
  }

  /** Takes turns from the first attempt on, where others already do. */
  joinIfBusy(): void {
    if (this.#lane.isBusy) this.#ticket ??= this.#lane.nextTicket();
  }

  /** Waits for this work's turn; false when the time for it ran out first. */
  async begin(patienceMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#ticket !== undefined && this.#place === undefined) {
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(patience), patienceMs);
      const either = signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]);
      try {
        this.#place = await this.#lane.enter(this.#ticket, either);
      } catch (reason) {
        if (reason === patience) return false;
        throw reason;
      } finally {
        clearTimeout(timer);
      }
    }
    this.begun();
    return true;
  }

  /** Counts from here what commits beside the attempt: what did so before its transaction began was no rival of it. */
  begun(): void {
    this.#commitsBefore = this.#lane.commits;
  }

  committed(): void {
    this.#lane.committed(this.#place !== undefined);
  }

  /** Whether a wait is due as well: this one lost in its turn, and to nobody of this process. */
  lost(): boolean {
    const wasInTurn = this.#place !== undefined;
    const rivalIsElsewhere = wasInTurn && this.#lane.commits === this.#commitsBefore;
    this.#ticket ??= this.#lane.nextTicket();
    this.#lane.lost(this.#commitsBefore, wasInTurn);
    return rivalIsElsewhere;
  }

  /** Gives the place to the next, whatever became of the work. */
  end(): void {
    if (this.#place !== undefined) this.#lane.leave(this.#place);
    const entry = lanes.get(this.#key);
    if (entry !== undefined && --entry.users === 0) lanes.delete(this.#key);
  }
}
