import type { SqlQuery, SqlResultSet, Transaction, TransactionOptions } from "@prisma/driver-adapter-utils";
import { NestedTransactionError } from "dsql-core";
import { asRequestError } from "./request-errors.ts";

/** One transaction of PrismaPg, with the errors of DSQL. */
export class DsqlTransaction implements Transaction {
  readonly provider = "postgres";
  readonly adapterName: string;
  readonly options: TransactionOptions;
  readonly #inner: Transaction;

  constructor(inner: Transaction, adapterName: string) {
    this.#inner = inner;
    this.adapterName = adapterName;
    this.options = inner.options;
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#inner.queryRaw(query).catch(rethrow);
  }

  /** Prisma sends COMMIT and ROLLBACK through here too. */
  executeRaw(query: SqlQuery): Promise<number> {
    return this.#inner.executeRaw(query).catch(rethrow);
  }

  /** Gives the connection back; COMMIT was answered before. */
  commit(): Promise<void> {
    return this.#inner.commit();
  }

  /** Gives the connection back; ROLLBACK was answered before, or COMMIT failed. */
  rollback(): Promise<void> {
    return this.#inner.rollback();
  }

  /**
   * What a nested `$transaction` begins with. It fails before anything is sent, which leaves the outer transaction whole;
   * without the method Prisma would refuse too, but say only that it is missing.
   */
  async createSavepoint(): Promise<never> {
    throw asRequestError(
      new NestedTransactionError(
        "DSQL has no savepoints, so a transaction cannot be nested: use the client of the transaction that is open.",
      ),
    );
  }
}

function rethrow(error: unknown): never {
  throw asRequestError(error);
}
