import { transactionCommands } from "../client/transaction-command.ts";
import type { RetryOptions } from "../options/retry-options.ts";
import { failureOf } from "../retry/classify-error.ts";
import { retryOnOcc } from "../retry/retry-on-occ.ts";
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

  /** Runs a statement, and runs it again after a conflict: DSQL has then rolled it back whole. */
  run(query: unknown, values: unknown, answer: Answer): void {
    const retry = this.#retry;
    this.#runOnce(query, values, (error, result) => {
      if (!error) return answer(null, result);
      if (retry === undefined || failureOf(error) !== "conflict" || !isRepeatable(query))
        return answer(error);
      retryOnOcc(
        (attempt) => (attempt === 1 ? Promise.reject(error) : this.#again(query, values)),
        retry,
        textOf(query),
      ).then(
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

/**
 * Whether a text was rolled back whole when it met a conflict: one statement, or several without a transaction's commands
 * among them. A cursor or another statement object may have handed out rows already.
 */
function isRepeatable(query: unknown): boolean {
  if (typeof query !== "string" && typeof (query as { submit?: unknown }).submit === "function") return false;
  return transactionCommands(textOf(query)) === undefined;
}

function textOf(query: unknown): string {
  return String(typeof query === "string" ? query : (query as { text?: unknown }).text);
}
