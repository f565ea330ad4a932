import type { Logger } from "drizzle-orm";
import {
  type DsqlPool,
  type DsqlPoolClient,
  failureOf,
  mergeRetryOptions,
  retryTransaction,
  runTransaction,
  type TransactionRun,
  transactionScope,
} from "dsql-core";
import { type InstalledSession, transactionOn } from "./installed-session.ts";
import { TransactionCache } from "./transaction-cache.ts";
import {
  resolveAwsOptions,
  resolveTransactionConfig,
  resolveTransactionOptions,
} from "./transaction-config.ts";

/** What the caller does with the `tx` of one transaction. */
type Work<R> = (tx: never) => Promise<R>;

/** One attempt at a transaction. */
interface Attempt<R> extends Pick<TransactionRun<never, R>, "readOnly" | "begun" | "remember"> {
  work: Work<R>;
  /** Undefined if the database has no cache. */
  cache: TransactionCache | undefined;
}

/** The transactions of one database: dsql-core runs them on the pool's connections, and Drizzle's logger sees them. */
export class Transactions {
  readonly #pool: DsqlPool;
  readonly #session: InstalledSession;

  constructor(pool: DsqlPool, session: InstalledSession) {
    this.#pool = pool;
    this.#session = session;
  }

  /** Runs one transaction, once. */
  async run<R>(work: Work<R>, config?: object): Promise<R> {
    const { readOnly } = resolveTransactionConfig(config);
    return await this.#invalidateAfter((cache) => this.#attempt({ work, readOnly, cache }));
  }

  /** Runs one transaction until it is committed, within the limits of `options`. */
  async runWithRetry<R>(work: Work<R>, options?: object, awsOptions?: object): Promise<R> {
    const { readOnly, ...retry } = awsOptions
      ? { ...resolveTransactionConfig(options), ...resolveAwsOptions(awsOptions) }
      : resolveTransactionOptions(options);
    return await this.#invalidateAfter((cache) =>
      retryTransaction<R>(
        (_attempt, remember, begun) => this.#attempt({ work, readOnly, cache, remember, begun }),
        { ...mergeRetryOptions(this.#pool.retryOptions, retry), readOnly },
      ),
    );
  }

  /** Gives all attempts of a transaction one cache, and afterwards invalidates in the real cache what any of them has changed. */
  async #invalidateAfter<R>(run: (cache: TransactionCache | undefined) => Promise<R>): Promise<R> {
    const { cache: realCache } = this.#session.options;
    if (realCache === undefined) return await run(undefined);
    const cache = new TransactionCache(realCache);
    const result = await run(cache);
    await cache.invalidate();
    return result;
  }

  async #attempt<R>({ work, cache, ...run }: Attempt<R>): Promise<R> {
    try {
      return await runTransaction({
        lease: {
          acquire: async () => new LoggedClient(await this.#pool.connect(), this.#session.logger),
          release: ({ client }, destroy) => client.release(destroy),
        },
        work: async ({ client }) => {
          const scope = transactionScope(client);
          try {
            return await work(transactionOn(scope.client, this.#session, cache) as never);
          } finally {
            scope.end();
          }
        },
        ...run,
      });
    } catch (error) {
      // It may have been committed.
      if (cache !== undefined && failureOf(error) === "commit-outcome-unknown") await cache.invalidate();
      throw error;
    }
  }
}

/** Logs BEGIN, COMMIT and ROLLBACK with Drizzle's logger, as drizzle-orm's own transactions do. */
class LoggedClient {
  readonly client: DsqlPoolClient;
  readonly #logger: Logger;

  constructor(client: DsqlPoolClient, logger: Logger) {
    this.client = client;
    this.#logger = logger;
  }

  get isBusy(): boolean {
    return this.client.isBusy;
  }

  async query(text: string): Promise<unknown> {
    this.#logger.logQuery(text, []);
    return await this.client.query(text);
  }
}
