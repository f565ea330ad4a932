import type { DsqlClient } from "../client/dsql-client.ts";
import { internalsOf } from "../client/pg-internals.ts";

/**
 * A connection expires at a random time within this last part of its maximum lifetime, so that those of a pool do not all
 * expire at once.
 */
const LIFETIME_SPREAD = 1 / 11;
/** Milliseconds that the server has to finish its response to a statement that failed. */
const SETTLE_MS = 1_000;

/** A pool's connection: when it was opened, when it expires, and whether it can be used again. */
export class PooledConnection {
  readonly client: DsqlClient;
  /** The pool's generation when it was opened. Each drain starts a new one, and older connections are closed when released. */
  readonly generation: number;
  readonly openedAtMs: number;
  readonly expiresAtMs: number;
  idleSinceMs = 0;
  uses = 0;
  /** Whether a caller has it. */
  borrowed = false;
  /** Called when the connection is closed. */
  readonly onClosed: (() => void)[] = [];

  constructor(client: DsqlClient, options: { generation: number; maxLifetimeMs: number; nowMs: number }) {
    this.client = client;
    this.generation = options.generation;
    this.openedAtMs = options.nowMs;
    this.expiresAtMs = options.nowMs + options.maxLifetimeMs * (1 - Math.random() * LIFETIME_SPREAD);
  }

  /** Whether it has to be closed because of its age, its uses or a drain; `generation` is the pool's current one. */
  isOver(generation: number, maxUses: number): boolean {
    return this.generation !== generation || this.uses >= maxUses || Date.now() >= this.expiresAtMs;
  }

  /** Whether no statement runs on it and no transaction is open. */
  get isClean(): boolean {
    const { session } = this.client;
    return (
      // The server's last ReadyForQuery said "idle".
      session.status === "I" &&
      session.lostBy === undefined &&
      internalsOf(this.client).readyForQuery === true
    );
  }

  /** Whether the response to a failed statement has not ended yet, so that it helps to wait. */
  get isSettling(): boolean {
    const { session } = this.client;
    return session.awaitingReady && session.lostBy === undefined && !session.unanswered;
  }

  /** Calls back once the server is ready for a statement, the connection is lost, or the response has taken too long. */
  whenSettled(callback: () => void): void {
    const { connection, session } = this.client;
    // When pg itself rejects a statement, without the server, it calls back just before it is ready again.
    process.nextTick(() => {
      // `unanswered`: a statement has timed out, and its response may never come.
      if (this.isClean || session.lostBy !== undefined || session.unanswered) return callback();
      const done = () => {
        clearTimeout(timer);
        connection.off("readyForQuery", done);
        connection.off("end", done);
        process.nextTick(callback);
      };
      const timer = setTimeout(done, SETTLE_MS);
      connection.on("readyForQuery", done);
      connection.on("end", done);
    });
  }
}
