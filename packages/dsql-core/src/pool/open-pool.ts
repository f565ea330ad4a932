import { DsqlConfigError } from "../errors.ts";
import type { DsqlPoolOptions } from "../options/connection-options.ts";
import { DsqlPool, isDsqlPool } from "./dsql-pool.ts";

/** A pool, or the options or the connection string to create one from. */
export type PoolSource = DsqlPool | DsqlPoolOptions | string;

/**
 * The pool that an adapter uses: the given one, or a new one that the adapter has to end. The `application_name` of its
 * connections begins with `ormPrefix`, unless the pool already has another name.
 * @throws DsqlConfigError for options that cannot be used, and for a pool or a client that is not a DsqlPool
 */
export function openPool(source: PoolSource, ormPrefix: string): DsqlPool {
  const pool = isDsqlPool(source) ? source : new DsqlPool(optionsOf(source));
  pool.useOrmPrefix(ormPrefix);
  return pool;
}

function optionsOf(source: DsqlPoolOptions | string): DsqlPoolOptions | string {
  if (typeof source === "object" && source !== null && "connect" in source && "query" in source)
    throw new DsqlConfigError(
      "The pool is not a DsqlPool: pg's own pools and clients do not sign tokens or guard COMMIT. Create it with new DsqlPool(...) from dsql-core, or pass connection options.",
    );
  return source;
}
