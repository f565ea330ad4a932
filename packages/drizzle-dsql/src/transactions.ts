import type { Logger } from "drizzle-orm";
import {
  type DsqlPool,
  type DsqlPoolClient,
  mergeRetryOptions,
  retryTransaction,
  runTransaction,
  type TransactionOptions,
  type TransactionRun,
} from "dsql-core";
import { type InstalledSession, transactionOn } from "./installed-session.ts";
import { isReadOnly } from "./transaction-config.ts";
import { TransactionConnection } from "./transaction-connection.ts";

/** What the caller does with the `tx` of one transaction. */
type Work<R> = (tx: never) => Promise<R>;

/** What the loop around a transaction wants to be told of it. */
type Told<R> = Pick<TransactionRun<never, R>, "begun" | "remember">;

/** The transactions of one database: each begins, commits and is given back by dsql-core, and shows in Drizzle's logger. */
export class Transactions {
  readonly #pool: DsqlPool;
  readonly #session: InstalledSession;

  constructor(pool: DsqlPool, session: InstalledSession) {
    this.#pool = pool;
    this.#session = session;
  }

  /** Runs one transaction, once. */
  async run<R>(work: Work<R>, config?: object): Promise<R> {
    return await this.#begin(work, isReadOnly(config));
  }

  /** Runs one transaction until it is stored, within the limits of `options`. */
  async runWithRetry<R>(work: Work<R>, config?: object, options?: TransactionOptions): Promise<R> {
    // By its type it is no option here; said all the same, it must not be lost.
    const readOnly = isReadOnly(config) || options?.readOnly === true;
    return await retryTransaction<R>(
      (_attempt, remember, begun) => this.#begin(work, readOnly, { remember, begun }),
      { ...mergeRetryOptions(this.#pool.retryOptions, options), readOnly },
      work,
    );
  }

  #begin<R>(work: Work<R>, readOnly: boolean, told?: Told<R>): Promise<R> {
    return runTransaction({
      lease: {
        acquire: async () => new LoggedClient(await this.#pool.connect(), this.#session.logger),
        release: ({ client }, destroy) => client.release(destroy),
      },
      work: async ({ client }) => {
        const connection = new TransactionConnection(client);
        try {
          return await work(transactionOn(connection, this.#session) as never);
        } finally {
          connection.close();
        }
      },
      readOnly,
      ...told,
    });
  }
}

/** Shows BEGIN, COMMIT and ROLLBACK to Drizzle's logger, as drizzle-orm's own transactions do. */
class LoggedClient {
  readonly client: DsqlPoolClient;
  readonly #logger: Logger;

  constructor(client: DsqlPoolClient, logger: Logger) {
    this.client = client;
    this.#logger = logger;
  }

  async query(text: string): Promise<unknown> {
    this.#logger.logQuery(text, []);
    return await this.client.query(text);
  }
}
