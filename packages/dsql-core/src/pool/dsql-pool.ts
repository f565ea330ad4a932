import { inspect } from "node:util";
import type { PoolClient } from "pg";
import { ConnectionSource } from "../client/connection-source.ts";
import type { DsqlClient } from "../client/dsql-client.ts";
import { scopedClient, scopedWork } from "../client/scoped-client.ts";
import { ClientReleasedError, OccRetryExhaustedError } from "../errors.ts";
import { type AsyncJob, waitForJob } from "../jobs/wait-for-job.ts";
import type { DsqlPoolOptions } from "../options/connection-options.ts";
import { type LegacyRetryOptions, transactionOptionsOf } from "../options/legacy-retry-options.ts";
import { type PoolSettings, resolvePool } from "../options/pool-settings.ts";
import type { RetryOptions, TransactionOptions } from "../options/retry-options.ts";
import { mergeRetryOptions } from "../options/retry-settings.ts";
import { retryTransaction } from "../retry/retry-transaction.ts";
import { runTransaction } from "../retry/run-transaction.ts";
import { AutocommitStatements } from "./autocommit-statements.ts";
import { PoolConnections } from "./pool-connections.ts";
import { PoolReporter } from "./pool-reporter.ts";
import type { DsqlPoolStats } from "./pool-stats.ts";
import { PoolWithQuery } from "./pool-with-query.ts";
import type { PooledConnection } from "./pooled-connection.ts";
import { shownPoolOptions } from "./shown-pool-options.ts";

/** A client taken from a pool, until its `release()`. */
export type DsqlPoolClient = DsqlClient & PoolClient;

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** Shared by all copies of this package that a program has loaded. */
const BRAND = Symbol.for("dsql-core.DsqlPool");

/** Whether a value is a DsqlPool, of this or another copy of dsql-core. */
export function isDsqlPool(value: unknown): value is DsqlPool {
  return typeof value === "object" && value !== null && Reflect.get(value, BRAND) === true;
}

/**
 * A pg pool of {@link DsqlClient}s: one token source for all of them, connections that are kept while they are usable and
 * closed before DSQL would close them, and transactions that are retried after a conflict.
 *
 * It keeps the type, the events and the counts of pg.Pool, because ORMs recognise a pool by `instanceof`, but none of its
 * logic: pg-pool loses track of connections, because it does not await their `end`, and does not check whether a released
 * client is in a transaction.
 * @throws DsqlConfigError for options that cannot be used
 */
export class DsqlPool extends PoolWithQuery {
  readonly #source: ConnectionSource;
  readonly #settings: PoolSettings;
  readonly #connections: PoolConnections;
  readonly #reporter: PoolReporter;

  constructor(config: DsqlPoolOptions | string = {}) {
    const { connection, pool } = resolvePool(config);
    const source = new ConnectionSource(connection);
    const reporter = new PoolReporter(source, () => this);
    const connections = new PoolConnections(pool, source, reporter);
    const statements = new AutocommitStatements(connections, pool.autocommitRetry ? pool.retry : undefined);
    super(shownPoolOptions(source, pool), (query, values, done) => statements.run(query, values, done));
    this.#source = source;
    this.#settings = pool;
    this.#connections = connections;
    this.#reporter = reporter;
  }

  static {
    // pg's types declare the counts as properties, and TypeScript does not let an accessor override a property.
    Object.defineProperties(DsqlPool.prototype, {
      [BRAND]: { value: true },
      totalCount: {
        get(this: DsqlPool) {
          return this.#connections.total;
        },
      },
      idleCount: {
        get(this: DsqlPool) {
          return this.#connections.idle;
        },
      },
      waitingCount: {
        get(this: DsqlPool) {
          return this.#connections.waiting;
        },
      },
      expiredCount: { value: 0 },
    });
  }

  get stats(): DsqlPoolStats {
    const { total, idle, waiting } = this.#connections;
    return { total, idle, waiting, ...this.#reporter.counts, ...this.#source.tokens.stats };
  }

  /** The pool's `retry` option: the defaults for its own transactions and for those of adapters. */
  get retryOptions(): RetryOptions {
    return this.#settings.retry;
  }

  /** Whether single statements that met a conflict are retried. */
  get autocommitRetry(): boolean {
    return this.#settings.autocommitRetry;
  }

  /**
   * Acquires a connection from the pool; after its `release()` the client sends nothing more.
   * @throws PoolTimeoutError after `connectionTimeoutMillis`, which includes getting a token
   * @throws PoolEndedError after `end()`
   */
  override connect(): Promise<DsqlPoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<DsqlPoolClient> | undefined {
    if (callback !== undefined) {
      this.#connections.acquire((error, connection) => {
        const client = connection && this.#lend(connection);
        process.nextTick(callback, error ?? undefined, client, client?.release ?? (() => {}));
      });
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#connections.acquire((error, connection) => {
        if (connection === undefined) reject(error);
        else resolve(this.#lend(connection));
      });
    });
  }

  /**
   * Runs `work` in a transaction and commits it; retries all of it after a conflict, or after the connection was lost before
   * COMMIT.
   * @throws OccRetryExhaustedError when the attempts or the time run out and the last failure is a conflict
   * @throws CommitOutcomeUnknownError when COMMIT got no response, and `verifyCommit` is not set or failed
   * @throws TransactionRolledBackError when `work` caught a statement's error and did not rethrow it, so that COMMIT stored
   * nothing
   */
  async transactionWithRetry<T>(
    work: (client: DsqlPoolClient) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const merged = mergeRetryOptions(this.#settings.retry, options);
    const lease = {
      acquire: () => this.connect(),
      release: (client: DsqlPoolClient, destroy?: Error) => client.release(destroy),
    };
    return await retryTransaction(
      (_attempt, remember, begun) =>
        runTransaction({ lease, work: scopedWork(work), readOnly: merged.readOnly, begun, remember }),
      merged,
    );
  }

  /**
   * {@link transactionWithRetry} under the name and with the options that drizzle-orm's `node-postgres/dsql` uses. Without
   * retries (`maxRetries: 0`) a conflict rejects as on AWS's pool: with the server's own error, SQLSTATE 40001.
   */
  async transaction<T>(
    work: (client: DsqlPoolClient) => Promise<T>,
    options?: LegacyRetryOptions,
  ): Promise<T> {
    try {
      return await this.transactionWithRetry(work, transactionOptionsOf(options));
    } catch (error) {
      const isFirstConflict = options?.maxRetries === 0 && error instanceof OccRetryExhaustedError;
      throw isFirstConflict ? (error.cause ?? error) : error;
    }
  }

  /**
   * Waits until an asynchronous job, such as an index build, has ended.
   * @throws AsyncJobFailedError when it failed
   * @throws DsqlConfigError if `job` is neither a job's id nor the result of the statement that started one
   */
  async waitForJob(job: AsyncJob): Promise<void> {
    await waitForJob(this, job);
  }

  /**
   * Sets the adapter's name, which comes before the colon in `application_name`, for connections opened from now on; has no
   * effect if the options set `ormPrefix` or `application_name`, or if another adapter has set its name.
   * @throws DsqlConfigError for a prefix that cannot be used
   */
  useOrmPrefix(ormPrefix: string): void {
    this.#source.useOrmPrefix(ormPrefix);
    this.options.application_name = this.#source.applicationName;
  }

  /**
   * Opens connections until the pool has this many (at most `max`), and from then on keeps at least `min` of them.
   * @default `min`, at least 1
   */
  async warmUp(connections: number = Math.max(1, this.#settings.min)): Promise<void> {
    await this.#connections.warmUp(connections);
  }

  /** Closes all current connections, those in use when they are released; the pool continues with new ones. */
  async drain(): Promise<void> {
    await this.#connections.drain();
  }

  /**
   * Closes all connections, those in use when they are released, and refuses all further use. May be called more than once.
   */
  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    Object.assign(this, { ending: true });
    const ended = this.#connections.end().then(() => void Object.assign(this, { ended: true }));
    if (callback === undefined) return ended;
    ended.then(() => process.nextTick(callback));
    return undefined;
  }

  /** What is safe to print about a pool: no token, no credentials. */
  toJSON(): Record<string, unknown> {
    const { host, port, user, database, region } = this.#source.settings;
    const { applicationName } = this.#source;
    return { host, port, user, database, region, applicationName, ...this.stats };
  }

  [inspect.custom](_depth: number, options: object): string {
    return `DsqlPool ${inspect(this.toJSON(), options)}`;
  }

  #lend(connection: PooledConnection): DsqlPoolClient {
    let isReleased = false;
    const release = (destroy?: Error | boolean) => {
      if (isReleased)
        throw new Error("Release called on client which has already been released to the pool.");
      this.#reporter.emit("release", destroy, client);
      isReleased = true;
      this.#connections.giveBack(connection, Boolean(destroy));
    };
    const refusal = () => (isReleased ? new ClientReleasedError() : undefined);
    const client = scopedClient(connection.client as DsqlPoolClient, refusal, { release });
    this.#reporter.emit("acquire", client);
    return client;
  }
}
