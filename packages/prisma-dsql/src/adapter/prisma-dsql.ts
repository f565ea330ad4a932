import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import {
  DsqlConfigError,
  type DsqlPool,
  type DsqlPoolOptions,
  openPool,
  type PoolSource,
  type RetryOptions,
} from "dsql-core";
import { demandPrismaPg7 } from "../older-prisma.ts";
import { DsqlDriverAdapter } from "./dsql-driver-adapter.ts";
import { demandSamePool, isGivenPool } from "./given-pool.ts";
import { takeSchema } from "./prisma-schema.ts";
import { readOnlyPool } from "./read-only.ts";

const PREFIX = "prisma";

type PrismaPgOptions = NonNullable<ConstructorParameters<typeof PrismaPg>[1]>;

/** Options of the adapter, each of which PrismaPg has too. */
export interface PrismaDsqlOptions {
  /** The schema that Prisma writes before table names. @default `schema` of the connection string, then "public" */
  schema?: string | undefined;
  /** Whether `$disconnect` also ends a pool that you passed in. @default false */
  disposeExternalPool?: boolean | undefined;
  /** Called when an idle connection is lost. */
  onPoolError?: ((error: Error) => void) | undefined;
  /** Called when a connection is lost inside a transaction; the operation that used it rejects too. */
  onConnectionError?: ((error: Error) => void) | undefined;
  /** Reads a value of a domain or another type that Prisma does not know. */
  userDefinedTypeParser?: PrismaPgOptions["userDefinedTypeParser"] | undefined;
  /** Names statements, so that each connection prepares them once. @default statements have no names */
  statementNameGenerator?: PrismaPgOptions["statementNameGenerator"] | undefined;
}

/** A pool, and whether `$disconnect` ends it. */
interface ClientPool {
  pool: DsqlPool;
  dispose: boolean;
}

/** The driver adapter: `new PrismaClient({ adapter: new PrismaDsql(process.env.DATABASE_URL) })`. */
export class PrismaDsql implements SqlDriverAdapterFactory {
  readonly provider = "postgres";
  readonly adapterName = "prisma-dsql";
  /** The `retry` option of the pool, the defaults of the extension `dsql()`. */
  readonly retryOptions: RetryOptions;
  readonly #options: PrismaDsqlOptions;
  readonly #poolForClient: () => ClientPool;

  /**
   * Nothing is sent and nothing connects before the client's first operation. A source that is not set, such as an
   * environment variable while an application is built, makes that operation fail, not the constructor.
   * @throws DsqlConfigError for invalid options, for a pool that is not a DsqlPool, and with an older Prisma
   */
  constructor(source: PoolSource | undefined, options: PrismaDsqlOptions = {}) {
    demandPrismaPg7();
    if (isGivenPool(source)) {
      this.#options = options;
      openPool(source, PREFIX);
      this.retryOptions = source.retryOptions;
      this.#poolForClient = () => ({ pool: source, dispose: options.disposeExternalPool ?? false });
      return;
    }
    const { source: own, schema } = withoutSchema(source ?? {}, options.schema);
    this.#options = { ...options, schema };
    // Created here, so that invalid options are refused here; a pool opens no connection before it is used.
    let first = isUnset(own) ? undefined : openPool(own, PREFIX);
    this.retryOptions = first?.retryOptions ?? {};
    this.#poolForClient = () => {
      const pool = first ?? openPool(own, PREFIX);
      first = undefined;
      return { pool, dispose: true };
    };
  }

  /**
   * Called by Prisma when a client connects, and again when it connects after `$disconnect`.
   * @throws DsqlConfigError when the source is not set
   */
  async connect(): Promise<SqlDriverAdapter> {
    const { pool, dispose } = this.#poolForClient();
    // PrismaPg takes undefined for an option that is left out, although its types do not say so.
    const options = this.#options as PrismaPgOptions;
    const readWrite = await new PrismaPg(pool, { ...options, disposeExternalPool: dispose }).connect();
    demandSamePool(pool, readWrite.underlyingDriver());
    // The pool is shared, so its errors are reported only once.
    const { onPoolError: _, ...shared } = options;
    const readOnly = await new PrismaPg(readOnlyPool(pool), {
      ...shared,
      disposeExternalPool: false,
    }).connect();
    return new DsqlDriverAdapter({ readWrite, readOnly }, this.adapterName);
  }
}

/** Whether neither the source nor the environment names a cluster, which `new DsqlPool` refuses. */
function isUnset(source: DsqlPoolOptions | string): boolean {
  if (typeof source === "string") return source.trim() === "";
  return !source.connectionString?.trim() && !source.host && !process.env.PGHOST;
}

/** The schema of the options or of the connection string, which is a parameter of Prisma, not of DSQL. */
function withoutSchema(
  source: DsqlPoolOptions | string,
  given: string | undefined,
): { source: DsqlPoolOptions | string; schema: string | undefined } {
  const text = typeof source === "string" ? source : source.connectionString;
  if (typeof text !== "string") return { source, schema: given };
  const { connectionString, schema } = takeSchema(text);
  if (schema !== undefined && given !== undefined && schema !== given)
    throw new DsqlConfigError(
      `The option schema is "${given}", but the connection string says schema=${schema}: remove one of them.`,
    );
  return {
    source: typeof source === "string" ? connectionString : { ...source, connectionString },
    schema: given ?? schema,
  };
}
