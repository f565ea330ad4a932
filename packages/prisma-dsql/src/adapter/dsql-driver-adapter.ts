import type { PrismaPg } from "@prisma/adapter-pg";
import type {
  ConnectionInfo,
  IsolationLevel,
  SqlDriverAdapter,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from "@prisma/driver-adapter-utils";
import { DsqlTransaction } from "./dsql-transaction.ts";
import { takeReadOnlyRequest } from "./read-only.ts";
import { asRequestError, isolationLevelError } from "./request-errors.ts";

type PrismaPgAdapter = Awaited<ReturnType<PrismaPg["connect"]>>;

/** PrismaPg's adapter, and a second one whose transactions are read-only. */
export interface InnerAdapters {
  readWrite: PrismaPgAdapter;
  readOnly: PrismaPgAdapter;
}

/** Does what PrismaPg does, with the errors and the isolation level of DSQL. */
export class DsqlDriverAdapter implements SqlDriverAdapter {
  readonly provider = "postgres";
  readonly adapterName: string;
  readonly #inner: PrismaPgAdapter;
  readonly #readOnly: PrismaPgAdapter;

  constructor({ readWrite, readOnly }: InnerAdapters, adapterName: string) {
    this.#inner = readWrite;
    this.#readOnly = readOnly;
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

  /** Sends BEGIN without an isolation level: DSQL has only REPEATABLE READ, and refuses SET TRANSACTION. */
  async startTransaction(isolationLevel?: IsolationLevel): Promise<Transaction> {
    if (isolationLevel !== undefined && isolationLevel !== "REPEATABLE READ") {
      throw isolationLevelError(isolationLevel);
    }
    const adapter = takeReadOnlyRequest() ? this.#readOnly : this.#inner;
    const inner = await adapter.startTransaction().catch(rethrow);
    return new DsqlTransaction(inner, this.adapterName);
  }

  getConnectionInfo(): ConnectionInfo {
    return this.#inner.getConnectionInfo();
  }

  async dispose(): Promise<void> {
    await this.#readOnly.dispose();
    await this.#inner.dispose();
  }
}

function rethrow(error: unknown): never {
  throw asRequestError(error);
}
