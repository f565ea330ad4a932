import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import { type DsqlPool, openPool, type PoolSource, type RetryOptions } from "dsql-core";
import { DsqlDriverAdapter } from "./dsql-driver-adapter.ts";
import { demandSamePool, isGivenPool } from "./given-pool.ts";
import { readOnlyPool } from "./read-only.ts";

const PREFIX = "prisma";

type PrismaPgOptions = NonNullable<ConstructorParameters<typeof PrismaPg>[1]>;

/** Options of the adapter, each handed on to PrismaPg. */
export interface PrismaDsqlOptions {
  /** The schema that Prisma writes before table names. @default "public" */
  schema?: string | undefined;
  /** Whether `$disconnect` ends a pool that was given. @default false */
  disposeExternalPool?: boolean | undefined;
  /** Told when a connection is lost that nobody was using. */
  onPoolError?: ((error: Error) => void) | undefined;
  /** Told when a connection is lost inside a transaction; the operation that used it rejects too. */
  onConnectionError?: ((error: Error) => void) | undefined;
  /** Reads a value of a domain or another type that Prisma does not know. */
  userDefinedTypeParser?: PrismaPgOptions["userDefinedTypeParser"] | undefined;
  /** Names statements, so that a connection prepares each of them once. @default statements have no names */
  statementNameGenerator?: PrismaPgOptions["statementNameGenerator"] | undefined;
}

/** The driver adapter: `new PrismaClient({ adapter: new PrismaDsql(process.env.DATABASE_URL) })`. */
export class PrismaDsql implements SqlDriverAdapterFactory {
  readonly provider = "postgres";
  readonly adapterName = "prisma-dsql";
  /** The `retry` option of the pool, from which the extension `dsql()` starts. */
  readonly retryOptions: RetryOptions;
  readonly #options: PrismaDsqlOptions;
  readonly #poolForClient: () => { pool: DsqlPool; dispose: boolean };

  /**
   * Nothing is sent and nothing connects before the client's first operation.
   * @throws DsqlConfigError for options that cannot be used, and for a pool that is none of dsql-core's
   */
  constructor(source: PoolSource, options: PrismaDsqlOptions = {}) {
    this.#options = options;
    if (isGivenPool(source)) {
      openPool(source, PREFIX);
      const dispose = options.disposeExternalPool ?? false;
      this.retryOptions = source.retryOptions;
      this.#poolForClient = () => ({ pool: source, dispose });
      return;
    }
    // Made now, so that options which cannot be used are refused now; a pool opens nothing before it is used.
    let first: DsqlPool | undefined = openPool(source, PREFIX);
    this.retryOptions = first.retryOptions;
    this.#poolForClient = () => {
      const pool = first ?? openPool(source, PREFIX);
      first = undefined;
      return { pool, dispose: true };
    };
  }

  /** Called by Prisma when a client connects, and again when it connects after `$disconnect`. */
  async connect(): Promise<SqlDriverAdapter> {
    const { pool, dispose } = this.#poolForClient();
    const readWrite = await new PrismaPg(pool, {
      ...stockOptions(this.#options),
      disposeExternalPool: dispose,
    }).connect();
    demandSamePool(pool, readWrite.underlyingDriver());
    // The pool is shared, so that its errors are reported once.
    const { onPoolError: _, ...shared } = stockOptions(this.#options);
    const readOnly = await new PrismaPg(readOnlyPool(pool), {
      ...shared,
      disposeExternalPool: false,
    }).connect();
    return new DsqlDriverAdapter({ readWrite, readOnly }, this.adapterName);
  }
}

/** Options as PrismaPg has them: without those that are undefined. */
function stockOptions(options: PrismaDsqlOptions): PrismaPgOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
