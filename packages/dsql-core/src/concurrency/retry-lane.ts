/** How many more may run at once than were seen to commit side by side: enough to find out that more can. */
const PROBE = 1.5;

/** How much wider a lane grows with each retry that commits. */
const GROWTH = 0.1;

interface Waiter {
  ticket: number;
  admit: () => void;
}

/**
 * Lets as many retries run at once as can commit side by side, in the order in which they first lost. How many that is,
 * the conflicts tell: each transaction that lost counts how many of its kind committed while it ran. One row lets one
 * commit at a time, a hundred rows nearly a hundred.
 */
export class RetryLane {
  #width = 1;
  #running = 0;
  #tickets = 0;
  #commits = 0;
  readonly #waiting: Waiter[] = [];

  /** How often work of this kind has committed. */
  get commits(): number {
    return this.#commits;
  }

  /** Whether retries run or wait. */
  get isBusy(): boolean {
    return this.#running > 0 || this.#waiting.length > 0;
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

  /** Resolves when a retry may run, or rejects with the signal's reason. */
  enter(ticket: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaveQueue = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        ticket,
        admit: () => {
          signal.removeEventListener("abort", leaveQueue);
          resolve();
        },
      };
      signal.addEventListener("abort", leaveQueue, { once: true });
      const next = this.#waiting.findIndex((other) => other.ticket > ticket);
      this.#waiting.splice(next < 0 ? this.#waiting.length : next, 0, waiter);
      this.#admit();
    });
  }

  /** Gives a place back. */
  leave(): void {
    this.#running--;
    this.#admit();
  }

  #widen(width: number): void {
    this.#width = width;
    this.#admit();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#running < Math.floor(this.#width)) {
      this.#running++;
      this.#waiting.shift()?.admit();
    }
  }
}
