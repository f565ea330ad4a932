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
  openPool(pool, PREFIX);
  return { open: async () => pool, retryDefaults: () => pool.retryOptions };
}

function madeByCaller(make: () => DsqlPool | Promise<DsqlPool>): PoolSource {
  let opened: DsqlPool | undefined;
  return {
    open: async () => {
      opened = openPool(demandDsqlPool(await make()), PREFIX);
      return opened;
    },
    retryDefaults: () => opened?.retryOptions,
  };
}

function madeFrom(options: DsqlPoolOptions): PoolSource {
  // The first one is made at once, so that a wrong option shows where it was written.
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
  if ("totalCount" in config) throw new DsqlConfigError("A pool is given as an option: { pool }.");
  const { pool, cursor, waitForIndexes, identityCache, onCreateConnection, onReserveConnection, ...options } =
    config;
  return options;
}

function demandDsqlPool(pool: DsqlPool): DsqlPool {
  if (isDsqlPool(pool)) return pool;
  throw new DsqlConfigError(
    "pool is not a DsqlPool: give one from dsql-core, or give connection options and no pool.",
  );
}
