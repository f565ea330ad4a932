import type {
  ConnectionInfo,
  IsolationLevel,
  SqlDriverAdapter,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from "@prisma/driver-adapter-utils";
import { DsqlTransaction } from "./dsql-transaction.ts";
import { asRequestError, isolationLevelError } from "./request-errors.ts";

/** What PrismaPg does, with the errors and the isolation level of DSQL. */
export class DsqlDriverAdapter implements SqlDriverAdapter {
  readonly provider = "postgres";
  readonly adapterName: string;
  readonly #inner: SqlDriverAdapter;

  constructor(inner: SqlDriverAdapter, adapterName: string) {
    this.#inner = inner;
    this.adapterName = adapterName;
  }

  queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    return this.#inner.queryRaw(query).catch(rethrow);
  }

  executeRaw(query: SqlQuery): Promise<number> {
    return this.#inner.executeRaw(query).catch(rethrow);
  }

  executeScript(script: string): Promise<void> {
    return this.#inner.executeScript(script).catch(rethrow);
  }

  /** Sends a plain BEGIN: REPEATABLE READ is what DSQL has, and it refuses SET TRANSACTION. */
  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    if (isolationLevel !== undefined && isolationLevel !== "REPEATABLE READ") {
      throw isolationLevelError(isolationLevel);
    }
    const inner = await this.#inner.startTransaction().catch(rethrow);
    return new DsqlTransaction(inner, this.adapterName);
  }

  getConnectionInfo(): ConnectionInfo {
    return this.#inner.getConnectionInfo?.() ?? { supportsRelationJoins: true };
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }
}

function rethrow(error: unknown): never {
  throw asRequestError(error);
}
