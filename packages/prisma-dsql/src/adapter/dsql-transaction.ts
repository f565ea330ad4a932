import type { SqlQuery, SqlResultSet, Transaction, TransactionOptions } from "@prisma/driver-adapter-utils";
import { type DsqlPoolClient, NestedTransactionError, WorkScope } from "dsql-core";
import { asRequestError, asTransactionError, transactionClosedError } from "./request-errors.ts";

/** One transaction of PrismaPg, with the errors of DSQL. */
export class DsqlTransaction implements Transaction {
  readonly provider = "postgres";
  readonly adapterName: string;
  readonly options: TransactionOptions;
  readonly #inner: Transaction;
  readonly #scope = new WorkScope();
  /** Prisma has rolled back while a statement was running, because `timeout` had passed. */
  #isCutOff = false;

  constructor(inner: Transaction, adapterName: string) {
    this.#inner = inner;
    this.adapterName = adapterName;
    // Prisma then leaves COMMIT and ROLLBACK to this class, so that one in `executeRaw` can only be the user's.
    this.options = { ...inner.options, usePhantomQuery: true };
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    this.#refuse(query);
    return await this.#inner.queryRaw(query).catch((error) => this.#rethrow(error));
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    this.#refuse(query);
    return await this.#inner.executeRaw(query).catch((error) => this.#rethrow(error));
  }

  async commit(): Promise<void> {
    this.#scope.end();
    try {
      await this.#inner.executeRaw(COMMIT);
    } catch (error) {
      const failure = asRequestError(error, this.#client);
      // Only releases the connection: after a failed COMMIT nothing is left to roll back.
      await this.#inner.rollback();
      throw failure;
    }
    await this.#inner.commit();
  }

  async rollback(): Promise<void> {
    this.#scope.end();
    try {
      // The pool closes a connection that is released while a statement runs, and does not have to wait for it.
      this.#isCutOff = this.#client.isBusy;
      if (!this.#isCutOff) await this.#inner.executeRaw(ROLLBACK);
    } finally {
      await this.#inner.rollback();
    }
  }

  #refuse({ sql }: SqlQuery): void {
    const refusal = this.#scope.refusal(sql);
    if (refusal !== undefined) throw asRequestError(refusal);
  }

  /**
   * Prisma calls it for a nested `$transaction`. It fails before anything is sent, so the outer transaction can continue; without
   * the method Prisma would fail too, but only say that it is missing.
   */
  async createSavepoint(): Promise<never> {
    throw asRequestError(
      new NestedTransactionError(
        "DSQL has no savepoints, so a transaction cannot be nested: use the client of the transaction that is open.",
      ),
    );
  }

  #rethrow(error: unknown): never {
    // Not reported as a lost connection, which would be retried: the next attempt would take as long.
    throw this.#isCutOff ? transactionClosedError() : asTransactionError(error, this.#client);
  }

  /** The connection: not part of Transaction, but PrismaPg's transactions have it. */
  get #client(): DsqlPoolClient {
    return (this.#inner as unknown as { client: DsqlPoolClient }).client;
  }
}

const COMMIT: SqlQuery = { sql: "COMMIT", args: [], argTypes: [] };
const ROLLBACK: SqlQuery = { sql: "ROLLBACK", args: [], argTypes: [] };
