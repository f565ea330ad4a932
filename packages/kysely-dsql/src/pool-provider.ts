import {
  DsqlConfigError,
  type DsqlPool,
  type DsqlPoolOptions,
  isDsqlPool,
  openPool,
  type RetryOptions,
} from "dsql-core";
import type { DsqlDialectConfig } from "./dsql-dialect-config.ts";

const PREFIX = "kysely";

/** Where a driver gets its pool, and the retry options of that pool. */
export interface PoolProvider {
  open(): Promise<DsqlPool>;
  /** The `retry` option of the pool; undefined until the caller's function has returned one. */
  retryDefaults(): RetryOptions | undefined;
}

/** The options of a dialect, which may be a connection string or undefined. */
export function dialectConfig(config: DsqlDialectConfig | string | undefined): DsqlDialectConfig {
  if (config === undefined) return {};
  if (typeof config === "string") return { connectionString: config };
  if (isDsqlPool(config)) throw new DsqlConfigError("Pass a pool as an option: new DsqlDialect({ pool }).");
  if (typeof config === "object" && config !== null) return { ...config };
  throw new DsqlConfigError("The options of DsqlDialect must be an object or a connection string.");
}

/** Provides the caller's pool, the one that its function returns, or one created from connection options. */
export function poolProvider(config: DsqlDialectConfig): PoolProvider {
  if (typeof config.pool === "function") return madeByCaller(config.pool);
  return config.pool === undefined ? madeFrom(poolOptionsOf(config)) : given(demandDsqlPool(config.pool));
}

function given(pool: DsqlPool): PoolProvider {
  openPool(pool, PREFIX);
  return { open: async () => pool, retryDefaults: () => pool.retryOptions };
}

function madeByCaller(make: () => DsqlPool | Promise<DsqlPool>): PoolProvider {
  let opened: DsqlPool | undefined;
  return {
    open: async () => {
      opened = openPool(demandDsqlPool(await make()), PREFIX);
      return opened;
    },
    retryDefaults: () => opened?.retryOptions,
  };
}

function madeFrom(options: DsqlPoolOptions): PoolProvider {
  // The first one is created at once, so that an invalid option throws in the constructor.
  let next: DsqlPool | undefined = openPool(options, PREFIX);
  const { retryOptions } = next;
  return {
    open: async () => {
      const pool = next ?? openPool(options, PREFIX);
      next = undefined;
      return pool;
    },
    retryDefaults: () => retryOptions,
  };
}

function poolOptionsOf(config: DsqlDialectConfig): DsqlPoolOptions {
  const { pool, cursor, waitForIndexes, identityCache, onCreateConnection, onReserveConnection, ...options } =
    config;
  return options;
}

function demandDsqlPool(pool: DsqlPool): DsqlPool {
  if (isDsqlPool(pool)) return pool;
  throw new DsqlConfigError(
    "The option pool must be a DsqlPool of dsql-core, or a function that returns one.",
  );
}
