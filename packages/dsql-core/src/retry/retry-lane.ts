/** How many more may run at once than were seen to commit side by side: enough to find out that more can. */
const PROBE = 1.5;

/** How much wider a lane grows with each retry that commits. */
const GROWTH = 0.1;

/** Milliseconds in which a retry that runs is expected to end; longer, and one that waits takes its place. */
const STUCK_MS = 5_000;

/** A place of a retry that runs, to be given back. */
export type Place = object;

interface Waiter {
  ticket: number;
  admit: (place: Place) => void;
}

/**
 * Lets as many retries run at once as can commit side by side, in the order in which they first lost. How many that is,
 * the conflicts tell: each transaction that lost counts how many of its kind committed while it ran. One row lets one
 * commit at a time, a hundred rows nearly a hundred.
 */
export class RetryLane {
  readonly #stuckMs: number;
  #width = 1;
  #tickets = 0;
  #commits = 0;
  /** The places that are taken, the oldest first. */
  readonly #places = new Set<Place>();
  readonly #waiting: Waiter[] = [];
  #watch: NodeJS.Timeout | undefined;

  constructor(stuckMs: number = STUCK_MS) {
    this.#stuckMs = stuckMs;
  }

  /** How often work of this kind has committed. */
  get commits(): number {
    return this.#commits;
  }

  /** Whether retries run or wait. */
  get isBusy(): boolean {
    return this.#places.size > 0 || this.#waiting.length > 0;
  }

  /** How many retries may run at once; only whole ones count. */
  get width(): number {
    return this.#width;
  }

  /** A place in the order of those who wait. */
  nextTicket(): number {
    return ++this.#tickets;
  }

  committed(wasRetry: boolean): void {
    this.#commits++;
    if (wasRetry) this.#widen(this.#width + GROWTH);
  }

  /** An attempt lost that began when {@link commits} was `commitsBefore`. */
  lost(commitsBefore: number, wasRetry: boolean): void {
    const sideBySide = PROBE * Math.max(1, this.#commits - commitsBefore);
    // Those that lose their first attempt together each see a part of what committed; the last sees most.
    this.#widen(wasRetry ? sideBySide : Math.max(this.#width, sideBySide));
  }

  /** Resolves with a place when a retry may run, or rejects with the signal's reason. */
  enter(ticket: number, signal: AbortSignal): Promise<Place> {
    return new Promise((resolve, reject) => {
      const leaveQueue = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        this.#admit();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        ticket,
        admit: (place) => {
          signal.removeEventListener("abort", leaveQueue);
          resolve(place);
        },
      };
      signal.addEventListener("abort", leaveQueue, { once: true });
      const next = this.#waiting.findIndex((other) => other.ticket > ticket);
      this.#waiting.splice(next < 0 ? this.#waiting.length : next, 0, waiter);
      this.#admit();
    });
  }

  /** Gives a place back. */
  leave(place: Place): void {
    if (!this.#places.delete(place)) return;
    clearTimeout(this.#watch);
    this.#watch = undefined;
    this.#admit();
  }

  #widen(width: number): void {
    this.#width = width;
    this.#admit();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#places.size < Math.floor(this.#width)) {
      const place: Place = {};
      this.#places.add(place);
      this.#waiting.shift()?.admit(place);
    }
    if (this.#waiting.length > 0) {
      this.#watch ??= setTimeout(() => this.#passTheOldest(), this.#stuckMs);
    } else {
      clearTimeout(this.#watch);
      this.#watch = undefined;
    }
  }

  /**
   * Nobody has left for long: whoever holds the oldest place hangs, or waits itself for one who waits here, as work
   * does that runs other work of its kind inside it. So its place goes to the next.
   */
  #passTheOldest(): void {
    const [oldest] = this.#places;
    if (oldest !== undefined) this.leave(oldest);
  }
}
