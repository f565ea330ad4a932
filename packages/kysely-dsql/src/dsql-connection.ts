import {
  CommitOutcomeUnknownError,
  type DsqlPool,
  type DsqlPoolClient,
  failureOf,
  onlyReads,
  type RetryOptions,
  retryAutocommit,
  type TransactionClient,
  TransactionEndedError,
  type TransactionScope,
  transactionScope,
  waitForJob,
} from "dsql-core";
import { CompiledQuery, type DatabaseConnection, type QueryResult } from "kysely";
import type pg from "pg";
import type { CursorConstructor } from "./dsql-dialect-config.ts";
import { streamRows } from "./stream-rows.ts";

/** The options of a query in Kysely 0.29. */
interface AbortOptions {
  signal?: AbortSignal | undefined;
}

/** What a driver passes to its connections. */
export interface DsqlConnectionSettings {
  cursor: CursorConstructor | undefined;
  waitForIndexes: boolean;
  /** The pool that the connection comes from. */
  pool: DsqlPool;
  /** How a statement outside a transaction is retried after a conflict; undefined if it is not retried. */
  autocommitRetry: RetryOptions | undefined;
}

/**
 * One use of a pooled client, from its acquisition to its release. After that, and from the COMMIT or ROLLBACK of its
 * transaction on, it sends no statements: a late one would be committed by itself, or become part of another transaction.
 */
export class DsqlConnection implements DatabaseConnection {
  #client: DsqlPoolClient | undefined;
  readonly #settings: DsqlConnectionSettings;
  /** The client for the work of the transaction that is open. */
  #scope: TransactionScope<DsqlPoolClient> | undefined;
  /** The driver's own COMMIT or ROLLBACK, which must bypass the scope because the scope refuses it. */
  #ending: CompiledQuery | undefined;
  #isDiscarded = false;
  /** Why the connection was lost; all later statements reject with this error. */
  #loss: unknown;
  #pendingRelease: NodeJS.Immediate | undefined;
  /** The abort signal of a statement that is running, commits by itself, and may write. */
  #runningWrite: AbortSignal | undefined;

  constructor(client: DsqlPoolClient, settings: DsqlConnectionSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  /** The pool that this connection comes from. */
  get pool(): DsqlPool {
    return this.#settings.pool;
  }

  async executeQuery<R>(query: CompiledQuery, options?: AbortOptions): Promise<QueryResult<R>> {
    const client = this.#clientFor(query);
    const isAutocommit = this.#isAutocommit(client);
    const signal = options?.signal;
    const send = () => this.#send(client, query, isAutocommit ? signal : undefined);
    const { command, rowCount, rows } = isAutocommit
      ? await this.#retryAutocommit(query.sql, send, signal)
      : await send();
    if (command === "CREATE" && isAutocommit && this.#settings.waitForIndexes) {
      await this.#waitForIndex(client, rows);
    }
    return { ...(isChange(command) && { numAffectedRows: BigInt(rowCount ?? 0) }), rows: rows as R[] };
  }

  async *streamQuery<R>(
    query: CompiledQuery,
    chunkSize = 100,
    options?: AbortOptions,
  ): AsyncIterableIterator<QueryResult<R>> {
    const client = this.#clientFor(query);
    const begin = async () => {
      const chunks = streamRows<R>(client, this.#settings.cursor, query, chunkSize);
      return { chunks, first: await chunks.next() };
    };
    // Until the caller has received rows, a conflict can be retried like that of any other statement.
    const { chunks, first } = this.#isAutocommit(client)
      ? await this.#retryAutocommit(query.sql, begin, options?.signal)
      : await begin();
    try {
      for (let next = first; !next.done; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return();
    }
  }

  /**
   * Closes the connection; Kysely 0.29 calls it for an aborted query with the strategy "kill session". An open transaction
   * is rolled back, but a statement outside a transaction that the server has begun may still be committed, so the abort's
   * reason gets a CommitOutcomeUnknownError as its `cause`. DSQL does not support cancel requests, so there is no cancelQuery.
   */
  async killSession(): Promise<void> {
    this.discard();
    if (this.#runningWrite !== undefined) markOutcomeUnknown(this.#runningWrite.reason);
    await this.#client?.end();
  }

  enterTransaction(): void {
    if (this.#client !== undefined) this.#scope = transactionScope(this.#client);
  }

  /** How the driver sends COMMIT and ROLLBACK: through Kysely's logger, which expects lower case, and past the scope. */
  get commands(): TransactionClient {
    return {
      isBusy: this.#client?.isBusy ?? false,
      query: async (text) => {
        this.#scope?.end();
        this.#ending = CompiledQuery.raw(text.toLowerCase());
        return await this.executeQuery(this.#ending);
      },
    };
  }

  leaveTransaction(): void {
    this.#scope = undefined;
    this.#ending = undefined;
  }

  /** Makes `release` close the client instead of returning it to the pool. */
  discard(): void {
    this.#isDiscarded = true;
  }

  release(): void {
    this.cancelRelease();
    const client = this.#client;
    this.#client = undefined;
    client?.release(this.#isDiscarded);
  }

  /**
   * After a failed COMMIT, Kysely calls rollback at once for a `transaction()`, and releases its connection. For a controlled
   * transaction it does neither unless the error marks it as rolled back (`isMarked`), so the client is released if nothing
   * has called rollback by the next turn of the event loop.
   */
  noteFailedCommit({ isMarked }: { isMarked: boolean }): void {
    if (isMarked) this.leaveTransaction();
    else this.#pendingRelease = setImmediate(() => this.release());
  }

  /** Whoever calls rollback after a failed COMMIT releases the connection too. */
  cancelRelease(): void {
    clearImmediate(this.#pendingRelease);
  }

  /** `writeSignal` is the abort signal of a statement outside a transaction. */
  async #send(
    client: DsqlPoolClient,
    { sql, parameters }: CompiledQuery,
    writeSignal?: AbortSignal,
  ): Promise<pg.QueryResult> {
    if (this.#loss !== undefined) throw this.#loss;
    this.#runningWrite = onlyReads(sql) ? undefined : writeSignal;
    try {
      const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql, parameters as unknown[]);
      // Plain SQL may contain several statements, but Kysely's result holds that of only one.
      return Array.isArray(result) ? (result.at(-1) as pg.QueryResult) : result;
    } catch (error) {
      if (failureOf(error) === "connection-lost") this.#loss = error;
      throw error;
    } finally {
      this.#runningWrite = undefined;
    }
  }

  async #retryAutocommit<T>(text: string, send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const { autocommitRetry } = this.#settings;
      const retry = autocommitRetry && { ...autocommitRetry, ...(signal && { signal }) };
      return await retryAutocommit({ query: text, error, send, retry });
    }
  }

  async #waitForIndex(client: DsqlPoolClient, rows: readonly unknown[]): Promise<void> {
    // Only CREATE INDEX ASYNC returns a row; without one there is nothing to wait for.
    await waitForJob({ query: (text) => this.#retryAutocommit(text, () => client.query(text)) }, { rows });
  }

  /** Whether a statement commits by itself: plain SQL may have begun a transaction too. */
  #isAutocommit(client: DsqlPoolClient): boolean {
    // pg's own getTransactionStatus() exists only since 8.21.
    return client.session.status === "I";
  }

  #clientFor(query: CompiledQuery): DsqlPoolClient {
    if (this.#client === undefined) throw new TransactionEndedError();
    return query === this.#ending ? this.#client : (this.#scope?.client ?? this.#client);
  }
}

/** Kysely rejects the query with the reason itself, so the outcome can only be its `cause`. */
function markOutcomeUnknown(reason: unknown): void {
  if (!(reason instanceof Error) || reason.cause !== undefined || !Object.isExtensible(reason)) return;
  const cause = new CommitOutcomeUnknownError(
    "The connection was closed while a statement outside a transaction was running. The server may have finished it: it was committed in full or not at all. Check before you retry it.",
  );
  Object.defineProperty(reason, "cause", { value: cause, configurable: true, writable: true });
}

function isChange(command: string): boolean {
  return command === "INSERT" || command === "UPDATE" || command === "DELETE" || command === "MERGE";
}
