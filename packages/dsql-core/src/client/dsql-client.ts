import { inspect } from "node:util";
import { DsqlConfigError, NestedTransactionError } from "../errors.ts";
import { clusterName } from "../options/cluster-endpoint.ts";
import type { DsqlConnectionOptions } from "../options/connection-options.ts";
import { resolveConnection } from "../options/connection-settings.ts";
import { type LegacyRetryOptions, transactionOptionsOf } from "../options/legacy-retry-options.ts";
import { checkOptionNames } from "../options/option-names.ts";
import type { TransactionOptions } from "../options/retry-options.ts";
import { mergeRetryOptions } from "../options/retry-settings.ts";
import { retryTransaction } from "../retry/retry-transaction.ts";
import { runTransaction } from "../retry/run-transaction.ts";
import { AuthenticatedClient } from "./authenticated-client.ts";
import { ConnectionSource } from "./connection-source.ts";
import { internalsOf } from "./pg-internals.ts";
import { scopedClient, scopedWork } from "./scoped-client.ts";

/**
 * One connection to DSQL: a pg client that logs in with a signed IAM token over verified TLS, refuses a transaction inside a
 * transaction, reports a COMMIT that stored nothing, and never ends the process with an unhandled 'error' event.
 * @throws DsqlConfigError for options that cannot be used
 */
export class DsqlClient extends AuthenticatedClient {
  readonly #source: ConnectionSource;
  /** The connection is lost, or its state is not known: the next transaction opens a new one. */
  #mustReconnect = false;

  constructor(config: DsqlConnectionOptions | string | ConnectionSource = {}) {
    const source = config instanceof ConnectionSource ? config : sourceOf(config);
    super(source);
    this.#source = source;
  }

  /**
   * Runs `work` in a transaction and commits it. Retries all of it after a conflict, and, on a new connection, after the old
   * one was lost before COMMIT. A client runs one transaction at a time; use a pool for several.
   * @throws NestedTransactionError while this client is in another transaction, which is unaffected
   * @throws OccRetryExhaustedError when the attempts or the time run out and the last failure is a conflict
   * @throws CommitOutcomeUnknownError when COMMIT got no response, and `verifyCommit` is not set or failed
   * @throws TransactionRolledBackError when `work` caught a statement's error and did not rethrow it, so that COMMIT stored
   * nothing
   */
  async transactionWithRetry<T>(
    work: (client: this) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    if (this.reserved || this.session.open) throw alreadyInTransaction();
    // From now on a statement is refused unless the transaction sends it with sendReserved().
    this.reserved = true;
    const { logger, telemetry } = this.#source.settings;
    // Does what a pool does for a transaction: provides a connection for each attempt, and takes it back.
    const lease = {
      acquire: () => this.#clientForAttempt(),
      release: (_client: this, destroy?: Error) => {
        if (destroy === undefined) return;
        // Closing the connection rolls back its transaction, so that no later statement becomes part of it.
        this.#mustReconnect = true;
        this.session.lostBy ??= destroy;
        this.connection.stream.destroy();
      },
    };
    try {
      return await retryTransaction(
        (_attempt, remember, begun) => {
          const scoped = scopedWork(work);
          // A client that is still connecting queues BEGIN, so the response to BEGIN ends the wait for the connection.
          const begin = (client: this) => {
            begun();
            return scoped(client);
          };
          return runTransaction({ lease, work: begin, readOnly: options.readOnly, remember });
        },
        mergeRetryOptions({ logger, telemetry, cluster: clusterName(this) }, options),
      );
    } finally {
      this.reserved = false;
    }
  }

  /** {@link transactionWithRetry} under the name and with the options that drizzle-orm's `node-postgres/dsql` uses. */
  async transaction<T>(work: (client: this) => Promise<T>, options?: LegacyRetryOptions): Promise<T> {
    return await this.transactionWithRetry(work, transactionOptionsOf(options));
  }

  /** What is safe to print about a client: no token, no credentials, no socket. */
  toJSON(): Record<string, unknown> {
    const { host, port, user, database, region } = this.#source.settings;
    const { applicationName } = this.#source;
    return { host, port, user, database, region, applicationName, transactionStatus: this.session.status };
  }

  [inspect.custom](_depth: number, options: object): string {
    return `DsqlClient ${inspect(this.toJSON(), options)}`;
  }

  /** This client for the next attempt, on a new connection if the old one is lost or has a transaction open. */
  async #clientForAttempt(): Promise<this> {
    const { _ending, _connecting, _connected } = internalsOf(this);
    if (_ending) throw new Error("Client was closed and is not queryable");
    if (!_connecting && !_connected && this.login === undefined && !this.#mustReconnect)
      throw new DsqlConfigError("The client is not connected: call connect() before transactionWithRetry.");
    this.#mustReconnect ||= _connected && (this.session.open || this.session.lostBy !== undefined);
    if (this.#mustReconnect) {
      await this.reconnect();
      this.#mustReconnect = false;
    }
    const query = (...given: unknown[]) =>
      this.sendReserved(() => (this.query as (...given: unknown[]) => unknown)(...given));
    const refuseNothing = () => undefined;
    return scopedClient(this, refuseNothing, { query });
  }
}

function alreadyInTransaction(): NestedTransactionError {
  return new NestedTransactionError(
    "This client is already running a transaction, which is unaffected. A client runs one at a time: use a pool for several.",
  );
}

function sourceOf(config: DsqlConnectionOptions | string): ConnectionSource {
  if (typeof config !== "string") checkOptionNames(config, "connection");
  return new ConnectionSource(resolveConnection(config));
}
