import {
  DsqlConfigError,
  type DsqlPool,
  type DsqlPoolOptions,
  isDsqlPool,
  openPool,
  type PoolSource,
} from "dsql-core";

/** The pool of a database: an existing one, or the options of a new one. */
export type DsqlDrizzleSource =
  | {
      /** A pool of your own, which you end. */
      client: DsqlPool;
    }
  | {
      /** The argument of `new DsqlPool()`: a connection string or options; end the new pool with `db.$client.end()`. */
      connection: DsqlPoolOptions | string | undefined;
    };

/**
 * The pool of a database; its `application_name` begins with `drizzle:` unless it has a name of its own.
 * @throws DsqlConfigError when there is neither a pool nor options, or the pool is not a DsqlPool
 */
export function poolOf(source: unknown): DsqlPool {
  return openPool(poolSourceOf(source), "drizzle");
}

function poolSourceOf(source: unknown): PoolSource {
  if (isDsqlPool(source) || typeof source === "string") return source;
  // DsqlPool reads what pg would read from the environment, and its error names what is missing.
  if (source === undefined) return {};
  const given = (source ?? {}) as {
    client?: unknown;
    connection?: DsqlPoolOptions | string | undefined;
    /** A method of pg's own pools and clients, which stock drizzle-orm 0.45 takes as the first argument. */
    connect?: unknown;
  };
  if (isDsqlPool(given.client)) return given.client;
  if (given.client !== undefined || typeof given.connect === "function") {
    throw new DsqlConfigError("client must be a DsqlPool: create one with new DsqlPool(…) of dsql-core.");
  }
  if ("connection" in given) return given.connection ?? {};
  throw new DsqlConfigError("drizzle() needs a DsqlPool, a connection string, { client } or { connection }.");
}
