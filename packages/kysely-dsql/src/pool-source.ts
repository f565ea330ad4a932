import {
  DsqlConfigError,
  DsqlPool,
  type DsqlPoolOptions,
  parseConnectionString,
  type RetryOptions,
} from "dsql-core";
import type { DsqlDialectConfig } from "./dsql-dialect-config.ts";

/** Where a driver gets its pool, and what is known of the pool's retries. */
export interface PoolSource {
  open(): Promise<DsqlPool>;
  /** The `retry` option of the pool; undefined until a function of the caller's has made one. */
  retryDefaults(): RetryOptions | undefined;
}

/** Decides whose pool it is: the caller's, the one its function makes, or one made from connection options. */
export function poolSource(config: DsqlDialectConfig): PoolSource {
  if (typeof config.pool === "function") return madeByCaller(config.pool);
  return config.pool === undefined ? madeFrom(poolOptionsOf(config)) : given(demandDsqlPool(config.pool));
}

function given(pool: DsqlPool): PoolSource {
  return { open: async () => pool, retryDefaults: () => pool.retryOptions };
}

function madeByCaller(make: () => DsqlPool | Promise<DsqlPool>): PoolSource {
  let opened: DsqlPool | undefined;
  return {
    open: async () => {
      opened = demandDsqlPool(await make());
      return opened;
    },
    retryDefaults: () => opened?.retryOptions,
  };
}

function madeFrom(options: DsqlPoolOptions): PoolSource {
  // The first one is made at once, so that a wrong option shows where it was written.
  let next: DsqlPool | undefined = new DsqlPool(options);
  const { retryOptions } = next;
  return {
    open: async () => {
      const pool = next ?? new DsqlPool(options);
      next = undefined;
      return pool;
    },
    retryDefaults: () => retryOptions,
  };
}

function poolOptionsOf(config: DsqlDialectConfig): DsqlPoolOptions {
  if ("totalCount" in config) throw new DsqlConfigError("A pool is given as an option: { pool }.");
  const { pool, cursor, waitForIndexes, onCreateConnection, onReserveConnection, ...rest } = config;
  const options: DsqlPoolOptions = rest;
  const { connectionString } = options;
  const inString =
    connectionString === undefined ? undefined : parseConnectionString(connectionString).ormPrefix;
  return { ...options, ormPrefix: options.ormPrefix ?? inString ?? "kysely" };
}

function demandDsqlPool(pool: DsqlPool): DsqlPool {
  if (typeof pool?.transactionWithRetry === "function") return pool;
  throw new DsqlConfigError(
    "pool is not a DsqlPool: give one from dsql-core, or give connection options and no pool.",
  );
}
