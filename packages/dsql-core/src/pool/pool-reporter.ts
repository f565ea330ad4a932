import type { EventEmitter } from "node:events";
import type { ConnectionSource } from "../client/connection-source.ts";
import type { DsqlClient } from "../client/dsql-client.ts";
import { log } from "../telemetry/hooks.ts";
import { announce } from "../telemetry/telemetry.ts";
import type { PoolListener } from "./pool-listener.ts";

/** Reports what happens to a pool's connections: in its counts, its pg events, its logger and its telemetry. */
export class PoolReporter implements PoolListener {
  readonly counts = { connectionsOpened: 0, connectionsClosed: 0, connectionsFailed: 0 };
  readonly #source: ConnectionSource;
  /** A function, because the reporter is constructed before the pool, in the pool's constructor. */
  readonly #pool: () => EventEmitter;

  constructor(source: ConnectionSource, pool: () => EventEmitter) {
    this.#source = source;
    this.#pool = pool;
  }

  opened(client: DsqlClient, elapsedMs: number): void {
    this.counts.connectionsOpened++;
    announce(this.#source.settings, "connectionOpened", { elapsedMs });
    // Not with this.emit(): what a listener throws must reach the caller that waits for this connection.
    this.#pool().emit("connect", client);
  }

  openFailed(error: Error, elapsedMs: number): void {
    const { settings } = this.#source;
    this.counts.connectionsFailed++;
    log(settings.logger, "warn", "no connection could be opened", { error: error.message, elapsedMs });
    announce(settings, "connectionFailed", { elapsedMs, error });
  }

  closed(client: DsqlClient, lifetimeMs: number): void {
    this.counts.connectionsClosed++;
    announce(this.#source.settings, "connectionClosed", { lifetimeMs });
    this.emit("remove", client);
  }

  /** No caller was using the connection, so the error goes to the pool's listeners; without one, Node would throw it. */
  idleLost(error: Error, client: DsqlClient): void {
    log(this.#source.settings.logger, "info", "an idle connection was lost", { error: error.message });
    if (this.#pool().listenerCount("error") > 0) this.emit("error", error, client);
  }

  /** Emits an event; what a listener throws is rethrown outside the pool's own work. */
  emit(name: "acquire" | "release" | "remove" | "error", ...values: unknown[]): void {
    try {
      this.#pool().emit(name, ...values);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }
}
