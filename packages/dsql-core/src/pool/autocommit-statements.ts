import { retryAutocommit } from "../client/autocommit-retry.ts";
import type { RetryOptions } from "../options/retry-options.ts";
import type { PoolConnections } from "./pool-connections.ts";
import type { PooledConnection } from "./pooled-connection.ts";

/** Called with the outcome of a statement. */
export type OutcomeCallback = (error: Error | null, result?: unknown) => void;

/** Runs the statements of `pool.query`, each on its own connection and outside a transaction. */
export class AutocommitStatements {
  readonly #connections: PoolConnections;
  /** Undefined if statements must not be retried. */
  readonly #retry: RetryOptions | undefined;

  constructor(connections: PoolConnections, retry: RetryOptions | undefined) {
    this.#connections = connections;
    this.#retry = retry;
  }

  /** Runs a statement, and retries it after a conflict. */
  run(query: unknown, values: unknown, done: OutcomeCallback): void {
    this.#runOnce(query, values, (error, result) => {
      if (!error) return done(null, result);
      const send = () => this.#again(query, values);
      retryAutocommit({ query, error, send, retry: this.#retry }).then(
        (repeated) => done(null, repeated),
        (failure) => done(failure),
      );
    });
  }

  #again(query: unknown, values: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#runOnce(query, values, (error, result) => (error ? reject(error) : resolve(result)));
    });
  }

  #runOnce(query: unknown, values: unknown, done: OutcomeCallback): void {
    const idle = this.#connections.takeIdle();
    if (idle !== undefined) {
      this.#send(idle, query, values, done);
      return;
    }
    this.#connections.acquire((error, connection) => {
      if (connection === undefined) done(error);
      else this.#send(connection, query, values, done);
    });
  }

  #send(connection: PooledConnection, query: unknown, values: unknown, done: OutcomeCallback): void {
    const callback: OutcomeCallback = (error, result) => {
      // Given back before the callback runs, so that the caller's next statement finds the connection idle. After an error,
      // the server still has to report that it is ready.
      if (error) return this.#connections.giveBackSettled(connection, () => done(error));
      this.#connections.giveBack(connection, false);
      done(null, result);
    };
    try {
      connection.client.query(query as string, values as [], callback as never);
    } catch (error) {
      // pg throws for arguments of the wrong type, before it sends anything.
      this.#connections.giveBack(connection, false);
      done(error as Error);
    }
  }
}
