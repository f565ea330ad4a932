import {
  CommitOutcomeUnknownError,
  type DsqlPool,
  type DsqlPoolClient,
  failureOf,
  onlyReads,
  type RetryOptions,
  retryAutocommit,
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

/** What a connection is told by its driver. */
export interface DsqlConnectionSettings {
  cursor: CursorConstructor | undefined;
  waitForIndexes: boolean;
  /** The pool that the connection comes from. */
  pool: DsqlPool | undefined;
  /** How a single statement that met a conflict is run again; undefined where it is not. */
  autocommitRetry: RetryOptions | undefined;
}

/**
 * One use of a pooled client, from its acquisition to its release. After that it refuses to work, so that a
 * transaction handle that outlives its transaction cannot reach into somebody else's; and so it does while COMMIT or
 * ROLLBACK is on its way, because what is sent behind that would be stored by itself.
 */
export class DsqlConnection implements DatabaseConnection {
  #client: DsqlPoolClient | undefined;
  readonly #settings: DsqlConnectionSettings;
  /** The client for the work of the transaction that is open. */
  #scope: TransactionScope<DsqlPoolClient> | undefined;
  /** The COMMIT or ROLLBACK of the driver, which the scope would refuse. */
  #ending: CompiledQuery | undefined;
  #isDiscarded = false;
  /** What told that the connection is gone; everything later ends with the same. */
  #loss: unknown;
  #commitFailed = false;
  #pendingRelease: NodeJS.Immediate | undefined;
  /** The abort signal of a statement that is running, commits by itself, and may write. */
  #runningWrite: AbortSignal | undefined;

  constructor(client: DsqlPoolClient, settings: DsqlConnectionSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  /** The pool that this connection comes from. */
  get pool(): DsqlPool | undefined {
    return this.#settings.pool;
  }

  async executeQuery<R>(query: CompiledQuery, options?: AbortOptions): Promise<QueryResult<R>> {
    const client = this.#clientFor(query);
    const isAutocommit = this.#scope === undefined && isIdle(client);
    const signal = options?.signal;
    const send = () => this.#send(client, query, isAutocommit ? signal : undefined);
    const { command, rowCount, rows } = isAutocommit
      ? await this.#sendAutocommit(query.sql, send, signal)
      : await send();
    if (command === "CREATE" && isAutocommit && this.#settings.waitForIndexes) {
      await this.#waitForIndex(client, rows);
    }
    return { ...(isChange(command) && { numAffectedRows: BigInt(rowCount ?? 0) }), rows: rows as R[] };
  }

  async *streamQuery<R>(query: CompiledQuery, chunkSize = 100): AsyncIterableIterator<QueryResult<R>> {
    yield* streamRows<R>(this.#clientFor(query), this.#settings.cursor, query, chunkSize);
  }

  /**
   * Closes the connection; Kysely 0.29 calls it for an aborted query with the strategy "kill session". An open transaction
   * is rolled back, but a statement outside a transaction that the server has begun may still be committed, so the abort's
   * reason gets a CommitOutcomeUnknownError as its `cause`. DSQL takes no cancel requests, so there is no cancelQuery.
   */
  async killSession(): Promise<void> {
    this.discard();
    if (this.#runningWrite !== undefined) markOutcomeUnknown(this.#runningWrite.reason);
    await this.#client?.end();
  }

  enterTransaction(): void {
    if (this.#client !== undefined) this.#scope = transactionScope(this.#client);
    this.#commitFailed = false;
  }

  async endTransaction(how: "commit" | "rollback"): Promise<void> {
    this.#scope?.end();
    this.#ending = CompiledQuery.raw(how);
    await this.executeQuery(this.#ending);
  }

  leaveTransaction(): void {
    this.#scope = undefined;
    this.#ending = undefined;
  }

  /** The client will be closed instead of going back to the pool. */
  discard(): void {
    this.#isDiscarded = true;
  }

  release(): void {
    clearImmediate(this.#pendingRelease);
    const client = this.#client;
    this.#client = undefined;
    client?.release(this.#isDiscarded);
  }

  /**
   * After a failed COMMIT, Kysely asks at once for the rollback of a `transaction()`, and releases it. Of a controlled
   * transaction it does neither unless it ends by itself, so the client goes back when nobody has asked by the next turn.
   */
  noteFailedCommit({ endsByItself }: { endsByItself: boolean }): void {
    if (endsByItself) {
      this.leaveTransaction();
      return;
    }
    this.#commitFailed = true;
    this.#pendingRelease = setImmediate(() => this.release());
  }

  /** Returns whether COMMIT had failed before, in which case there is nothing to roll back. */
  acknowledgeRollback(): boolean {
    clearImmediate(this.#pendingRelease);
    if (this.#commitFailed) this.leaveTransaction();
    return this.#commitFailed;
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
      return await client.query(sql, parameters as unknown[]);
    } catch (error) {
      if (failureOf(error) === "connection-lost") this.#loss = error;
      throw error;
    } finally {
      this.#runningWrite = undefined;
    }
  }

  /** A statement that met a conflict was rolled back whole; its failed run counts as the first of maxAttempts. */
  async #sendAutocommit<T>(text: string, send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await send();
    } catch (error) {
      const retry = this.#settings.autocommitRetry;
      return await retryAutocommit({
        query: text,
        error,
        send,
        retry: retry && { ...retry, ...(signal && { signal }) },
      });
    }
  }

  async #waitForIndex(client: DsqlPoolClient, rows: readonly unknown[]): Promise<void> {
    // Other statements than CREATE INDEX ASYNC start no job.
    if ((rows[0] as { job_id?: unknown } | undefined)?.job_id === undefined) return;
    await waitForJob({ query: (text) => this.#sendAutocommit(text, () => client.query(text)) }, { rows });
  }

  #clientFor(query: CompiledQuery): DsqlPoolClient {
    if (this.#client === undefined) throw new TransactionEndedError();
    return query === this.#ending ? this.#client : (this.#scope?.client ?? this.#client);
  }
}

/** A caller may have begun a transaction by plain SQL. */
function isIdle(client: DsqlPoolClient): boolean {
  const status = client.getTransactionStatus();
  return status === "I" || status === null;
}

/** Kysely rejects the query with the reason itself, so the outcome can only be told by its `cause`. */
function markOutcomeUnknown(reason: unknown): void {
  if (!(reason instanceof Error) || reason.cause !== undefined || !Object.isExtensible(reason)) return;
  const cause = new CommitOutcomeUnknownError(
    "The connection was closed while a statement ran that commits by itself: the server may have finished it, so it was committed in full or not at all. Check before you send it again.",
  );
  Object.defineProperty(reason, "cause", { value: cause, configurable: true, writable: true });
}

function isChange(command: string): boolean {
  return command === "INSERT" || command === "UPDATE" || command === "DELETE" || command === "MERGE";
}
