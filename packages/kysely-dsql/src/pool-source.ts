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
  /** The `retry` option of the pool that is in use. */
  retryDefaults(): RetryOptions;
}

/** Decides whose pool it is: the caller's, the one its function makes, or one made from connection options. */
export function poolSource(config: DsqlDialectConfig): PoolSource {
  let opened: DsqlPool | undefined;
  const make = poolMaker(config);
  return {
    open: async () => {
      opened = await make();
      if (typeof opened?.transactionWithRetry !== "function") {
        throw new DsqlConfigError(
          "pool is not a DsqlPool: give one from dsql-core, or give connection options and no pool.",
        );
      }
      return opened;
    },
    retryDefaults: () => opened?.retryOptions ?? {},
  };
}

function poolMaker(config: DsqlDialectConfig): () => DsqlPool | Promise<DsqlPool> {
  if (config.pool !== undefined) {
    const { pool } = config;
    return typeof pool === "function" ? pool : () => pool;
  }
  const { pool: _, cursor, waitForIndexes, onCreateConnection, onReserveConnection, ...options } = config;
  const { connectionString } = options;
  const inString =
    connectionString === undefined ? undefined : parseConnectionString(connectionString).ormPrefix;
  const poolOptions: DsqlPoolOptions = { ...options, ormPrefix: options.ormPrefix ?? inString ?? "kysely" };
  // The first one is made at once, so that a wrong option shows where it was written.
  let first: DsqlPool | undefined = new DsqlPool(poolOptions);
  return () => {
    const pool = first ?? new DsqlPool(poolOptions);
    first = undefined;
    return pool;
  };
}
