import type { ConnectionSource } from "../client/connection-source.ts";
import { DsqlClient } from "../client/dsql-client.ts";
import { internalsOf } from "../client/pg-internals.ts";
import { ConnectionLostError, DsqlConfigError, PoolEndedError } from "../errors.ts";
import type { PoolSettings } from "../options/pool-settings.ts";
import { IdleConnections } from "./idle-connections.ts";
import type { PoolListener } from "./pool-listener.ts";
import { poolTimeout } from "./pool-timeout.ts";
import { PooledConnection } from "./pooled-connection.ts";
import { type Taker, WaitingCallers } from "./waiting-callers.ts";

const ENDED = "Cannot use a pool after calling end on the pool.";

/** Opens a pool's connections, lends them to callers, takes them back and closes them. */
export class PoolConnections {
  readonly #settings: PoolSettings;
  readonly #source: ConnectionSource;
  readonly #listener: PoolListener;
  readonly #open = new Set<PooledConnection>();
  readonly #opening = new Set<DsqlClient>();
  readonly #closing = new Set<Promise<void>>();
  readonly #waiting = new WaitingCallers();
  readonly #idle: IdleConnections;
  #generation = 0;
  /** Set by the first warm-up: from then on `min` connections are kept. */
  #keepsMin = false;
  /** Set by `end()`: from then on no connection is opened or kept. */
  #isEnding = false;
  #ended: Promise<void> | undefined;
  /** Called when the number of connections has decreased; set by `end()`, which waits until there are none. */
  #onTotalReduced: (() => void) | undefined;

  constructor(settings: PoolSettings, source: ConnectionSource, listener: PoolListener) {
    this.#settings = settings;
    this.#source = source;
    this.#listener = listener;
    this.#idle = new IdleConnections({
      idleTimeoutMillis: settings.idleTimeoutMillis,
      onOld: (connection) => this.#close(connection),
      mayShrink: () => this.#open.size > settings.min,
    });
  }

  get total(): number {
    return this.#open.size + this.#opening.size;
  }

  get idle(): number {
    return this.#idle.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** An idle connection for a caller; undefined if there is none. */
  takeIdle(): PooledConnection | undefined {
    const connection = this.#idle.take();
    if (connection === undefined) return undefined;
    if (this.#settings.allowExitOnIdle) internalsOf(connection.client).ref();
    connection.borrowed = true;
    return connection;
  }

  /** Calls `take` with a connection, opened if necessary, or with a PoolTimeoutError if that takes too long. */
  acquire(take: Taker): void {
    const connection = this.takeIdle();
    if (connection !== undefined) take(null, connection);
    else if (this.#isEnding) take(new PoolEndedError(ENDED));
    else {
      this.#waiting.add(take, this.#settings.acquireTimeoutMillis, () =>
        poolTimeout(this, this.#settings, this.#source.tokens.stats, this.#opening),
      );
      this.#openForWaiting();
    }
  }

  /**
   * Takes a connection back, at once or when the response to its failed statement has ended. It is closed if `destroy` is
   * true, if a statement may still be running on it, or if a transaction is open.
   */
  giveBack(connection: PooledConnection, destroy: boolean): void {
    if (!destroy && connection.isSettling) this.giveBackSettled(connection, () => {});
    else this.#takeBack(connection, destroy || !connection.isClean);
  }

  /** Takes back a connection whose last statement has failed, as soon as its response has ended; then calls `done`. */
  giveBackSettled(connection: PooledConnection, done: () => void): void {
    connection.whenSettled(() => {
      this.#takeBack(connection, !connection.isClean);
      done();
    });
  }

  /**
   * Opens connections until there are this many, but no more than `max`; resolves when they are open.
   * @throws the error of the first one that could not be opened
   */
  async warmUp(connections: number): Promise<void> {
    if (this.#isEnding) throw new PoolEndedError(ENDED);
    this.#keepsMin = true;
    const missing = Math.min(connections, this.#settings.max) - this.total;
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#openOne()));
  }

  /** Closes every connection, those in use when they are released; resolves when they are closed. */
  async drain(): Promise<void> {
    this.#generation++;
    const closed = [...this.#open].map((one) => new Promise<void>((resolve) => one.onClosed.push(resolve)));
    for (const connection of this.#idle.takeAll()) this.#close(connection);
    await Promise.all([...closed, ...this.#closing]);
  }

  /** Rejects waiting callers, closes every connection, waits for those in use, and opens no more. */
  end(): Promise<void> {
    this.#ended ??= this.#closeAll();
    return this.#ended;
  }

  async #closeAll(): Promise<void> {
    this.#isEnding = true;
    this.#waiting.rejectAll(new PoolEndedError("The pool was ended before a connection was available."));
    for (const client of this.#opening) void client.end();
    for (const connection of this.#idle.takeAll()) this.#close(connection);
    await new Promise<void>((resolve) => {
      this.#onTotalReduced = () => this.total === 0 && resolve();
      this.#onTotalReduced();
    });
    await Promise.all(this.#closing);
  }

  /**
   * Opens as many connections as callers wait for and `max` allows. If one cannot be opened, the caller that has waited
   * longest receives the error, unless it arrived after the attempt began.
   */
  #openForWaiting(): void {
    const { latest } = this.#waiting;
    while (this.#waiting.size > this.#opening.size && this.total < this.#settings.max)
      this.#openOne((error) => this.#waiting.next(latest)?.(error)).catch(() => {});
  }

  /** Opens a connection if fewer than `min` are left. */
  #keepMin(): void {
    if (this.#keepsMin && !this.#isEnding && this.total < this.#settings.min) this.#openOne().catch(() => {});
  }

  /**
   * Opens one connection and gives it to the next caller.
   * @param onFailure called before connections are opened for the callers that are still waiting
   */
  async #openOne(onFailure?: (error: Error) => void): Promise<void> {
    const client = new DsqlClient(this.#source);
    const generation = this.#generation;
    const startedAtMs = Date.now();
    this.#opening.add(client);
    try {
      await client.connect();
      const elapsedMs = Date.now() - startedAtMs;
      if (this.#settings.onConnect !== undefined) await this.#prepare(client, this.#settings.onConnect);
      this.#listener.opened(client, elapsedMs);
    } catch (error) {
      this.#opening.delete(client);
      client.connection.stream.destroy();
      this.#listener.openFailed(error as Error, Date.now() - startedAtMs);
      this.#onTotalReduced?.();
      onFailure?.(error as Error);
      this.#openForWaiting();
      throw error;
    }
    this.#opening.delete(client);
    const { maxLifetimeMs } = this.#settings;
    const connection = new PooledConnection(client, { generation, maxLifetimeMs, nowMs: Date.now() });
    this.#open.add(connection);
    client.on("error", (error) => this.#onError(connection, error));
    this.#makeAvailable(connection);
    this.#keepMin();
  }

  /**
   * Lets the user's `onConnect` set up a new connection; if it never finishes, the connection must not count towards `max`
   * forever.
   */
  async #prepare(client: DsqlClient, onConnect: NonNullable<PoolSettings["onConnect"]>): Promise<void> {
    const { acquireTimeoutMillis } = this.#settings;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new ConnectionLostError(`onConnect did not finish within ${acquireTimeoutMillis} ms.`)),
        acquireTimeoutMillis,
      );
    });
    try {
      await Promise.race([(async () => await onConnect(client))(), late]);
    } finally {
      clearTimeout(timer);
    }
    if (client.session.status !== "I")
      throw new DsqlConfigError(
        "onConnect left a transaction open: it must commit or roll back every transaction that it begins.",
      );
  }

  /** Passes an idle connection to the next caller, or returns it to the idle list, or closes it if it has expired. */
  #makeAvailable(connection: PooledConnection): void {
    const { allowExitOnIdle, maxUses } = this.#settings;
    const isOver = this.#isEnding || connection.isOver(this.#generation, maxUses);
    const take = isOver ? undefined : this.#waiting.next();
    connection.borrowed = take !== undefined;
    if (isOver) this.#close(connection);
    else if (take !== undefined) take(null, connection);
    else {
      if (allowExitOnIdle) internalsOf(connection.client).unref();
      this.#idle.put(connection);
    }
  }

  /** Takes back a connection whose state is known: closes it, or makes it available again. */
  #takeBack(connection: PooledConnection, destroy: boolean): void {
    connection.uses++;
    if (destroy) this.#close(connection);
    else this.#makeAvailable(connection);
  }

  #onError(connection: PooledConnection, error: Error): void {
    // A caller that has the connection receives the error from its statement.
    if (connection.borrowed || !this.#open.has(connection)) return;
    this.#idle.remove(connection);
    this.#close(connection);
    this.#listener.idleLost(error, connection.client);
  }

  #close(connection: PooledConnection): void {
    if (!this.#open.delete(connection)) return;
    // A caller may be awaiting the end of the pool, so the process has to stay alive until the connection is closed.
    if (this.#settings.allowExitOnIdle) internalsOf(connection.client).ref();
    const closing = connection.client.end().then(() => {
      this.#closing.delete(closing);
      for (const callback of connection.onClosed) callback();
      this.#listener.closed(connection.client, Date.now() - connection.openedAtMs);
    });
    this.#closing.add(closing);
    this.#onTotalReduced?.();
    this.#openForWaiting();
    this.#keepMin();
  }
}
