import type { PooledConnection } from "./pooled-connection.ts";

/** Gets a connection, or the reason why there is none. */
export type Taker = (error: Error | null, connection?: PooledConnection) => void;

interface Waiter {
  take: Taker;
  timer: NodeJS.Timeout;
}

/** The callers who wait for a connection: first come, first served. */
export class WaitingCallers {
  readonly #waiters = new Set<Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  /** After `timeoutMillis` the caller gets what `onTimeout` makes. */
  add(take: Taker, timeoutMillis: number, onTimeout: () => Error): void {
    const timer = setTimeout(() => {
      const error = onTimeout();
      this.#waiters.delete(waiter);
      take(error);
    }, timeoutMillis);
    const waiter: Waiter = { take, timer };
    this.#waiters.add(waiter);
  }

  /** Takes the one who has waited longest. */
  next(): Taker | undefined {
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      clearTimeout(waiter.timer);
      return waiter.take;
    }
    return undefined;
  }

  refuseAll(reason: Error): void {
    for (let take = this.next(); take; take = this.next()) take(reason);
  }
}
