import { MAX_TIMER_MS } from "../options/option-values.ts";
import type { PooledConnection } from "./pooled-connection.ts";

/** The idle list. One timer, which does not keep the process alive, finds the connections that have expired. */
export class IdleConnections {
  /** The oldest comes first. The one released last is taken first, so that connections that are not needed expire. */
  readonly #connections: PooledConnection[] = [];
  readonly #idleTimeoutMillis: number;
  readonly #onOld: (connection: PooledConnection) => void;
  readonly #mayShrink: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  /** `onOld` closes a connection; `mayShrink` returns whether the pool has more connections than it has to keep. */
  constructor(options: {
    idleTimeoutMillis: number;
    onOld: (connection: PooledConnection) => void;
    mayShrink: () => boolean;
  }) {
    this.#idleTimeoutMillis = options.idleTimeoutMillis;
    this.#onOld = options.onOld;
    this.#mayShrink = options.mayShrink;
  }

  get size(): number {
    return this.#connections.length;
  }

  put(connection: PooledConnection): void {
    connection.idleSinceMs = Date.now();
    this.#connections.push(connection);
    this.#wakeAt(this.#endOf(connection));
  }

  /**
   * Takes the most recently used connection that has not expired: in a frozen process no timer runs, so expired ones may
   * still be here.
   */
  take(): PooledConnection | undefined {
    for (let connection = this.#connections.pop(); connection; connection = this.#connections.pop()) {
      if (connection.isClean && Date.now() < this.#endOf(connection)) return connection;
      this.#onOld(connection);
    }
    return undefined;
  }

  remove(connection: PooledConnection): void {
    const index = this.#connections.indexOf(connection);
    if (index !== -1) this.#connections.splice(index, 1);
  }

  takeAll(): PooledConnection[] {
    clearTimeout(this.#timer);
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    return this.#connections.splice(0);
  }

  #endOf(connection: PooledConnection): number {
    return Math.min(connection.idleSinceMs + this.#idleTimeoutMillis, connection.expiresAtMs);
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = Math.min(Math.max(atMs - Date.now(), 0), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#sweep(), delayMs).unref();
  }

  #sweep(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const now = Date.now();
    for (const connection of [...this.#connections]) {
      const isOld = now >= this.#endOf(connection);
      if (isOld && (now >= connection.expiresAtMs || this.#mayShrink())) {
        this.remove(connection);
        this.#onOld(connection);
      } else {
        // A connection that is kept although it is old counts as just used.
        if (isOld) connection.idleSinceMs = now;
        this.#wakeAt(this.#endOf(connection));
      }
    }
  }
}
