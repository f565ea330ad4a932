import type { PooledConnection } from "./pooled-connection.ts";

/** Called with a connection, or with the reason why there is none. */
export type Taker = (error: Error | null, connection?: PooledConnection) => void;

interface WaitingCaller {
  /** The position of the caller in the order of arrival, from 1. */
  number: number;
  take: Taker;
  timer: NodeJS.Timeout;
}

/** The callers waiting for a connection: first come, first served. */
export class WaitingCallers {
  readonly #waiters = new Set<WaitingCaller>();
  #latest = 0;

  /** The number of the caller who arrived last. */
  get latest(): number {
    return this.#latest;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** After `timeoutMillis` the caller receives the error that `onTimeout` returns. */
  add(take: Taker, timeoutMillis: number, onTimeout: () => Error): void {
    const timer = setTimeout(() => {
      const error = onTimeout();
      this.#waiters.delete(waiter);
      take(error);
    }, timeoutMillis);
    const waiter: WaitingCaller = { number: ++this.#latest, take, timer };
    this.#waiters.add(waiter);
  }

  /** Removes and returns the caller who has waited longest, unless even that one arrived after `latest`. */
  next(latest = Number.POSITIVE_INFINITY): Taker | undefined {
    for (const waiter of this.#waiters) {
      if (waiter.number > latest) return undefined;
      this.#waiters.delete(waiter);
      clearTimeout(waiter.timer);
      return waiter.take;
    }
    return undefined;
  }

  rejectAll(reason: Error): void {
    for (let take = this.next(); take; take = this.next()) take(reason);
  }
}
