import { retryAutocommit } from "../client/autocommit-retry.ts";
import type { RetryOptions } from "../options/retry-options.ts";
import type { PoolConnections } from "./pool-connections.ts";
import type { PooledConnection } from "./pooled-connection.ts";

/** Hears how a statement ended. */
export type Answer = (error: Error | null, result?: unknown) => void;

/** Runs the statements of `pool.query`, each on a connection of its own and outside a transaction. */
export class AutocommitStatements {
  readonly #connections: PoolConnections;
  /** Undefined where statements are not to be repeated. */
  readonly #retry: RetryOptions | undefined;

  constructor(connections: PoolConnections, retry: RetryOptions | undefined) {
    this.#connections = connections;
    this.#retry = retry;
  }

  /** Runs a statement, and retries it after a conflict. */
  run(query: unknown, values: unknown, answer: Answer): void {
    this.#runOnce(query, values, (error, result) => {
      if (!error) return answer(null, result);
      const send = () => this.#again(query, values);
      retryAutocommit({ query, error, send, retry: this.#retry }).then(
        (repeated) => answer(null, repeated),
        (failure) => answer(failure),
      );
    });
  }

  #again(query: unknown, values: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#runOnce(query, values, (error, result) => (error ? reject(error) : resolve(result)));
    });
  }

  #runOnce(query: unknown, values: unknown, answer: Answer): void {
    const idle = this.#connections.takeIdle();
    if (idle !== undefined) {
      this.#send(idle, query, values, answer);
      return;
    }
    this.#connections.acquire((error, connection) => {
      if (connection === undefined) answer(error);
      else this.#send(connection, query, values, answer);
    });
  }

  #send(connection: PooledConnection, query: unknown, values: unknown, answer: Answer): void {
    const callback: Answer = (error, result) => {
      // Given back before the caller hears, so that its next statement finds the connection again.
      if (error) return this.#connections.giveBackSettled(connection, () => answer(error));
      this.#connections.giveBack(connection, false);
      answer(null, result);
    };
    try {
      connection.client.query(query as string, values as [], callback as never);
    } catch (error) {
      this.#connections.giveBack(connection, false);
      answer(error as Error);
    }
  }
}
