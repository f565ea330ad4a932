import { DsqlConfigError, type DsqlPool, type DsqlPoolOptions, isDsqlPool, openPool } from "dsql-core";

/** Where a database gets its pool from: one that exists, or what to make one from. */
export type DsqlDrizzleSource =
  | {
      /** A pool that you made, and close. */
      client: DsqlPool;
    }
  | {
      /** A connection string, or the options of `DsqlPool`; close the pool made from it with `db.$client.end()`. */
      connection: DsqlPoolOptions | string;
    };

/**
 * The pool of a database; without a name of its own it says `drizzle:` in front of its `application_name`.
 * @throws DsqlConfigError when there is nothing to make a pool from, or the pool is another's
 */
export function poolOf(source: unknown): DsqlPool {
  return openPool(poolSourceOf(source), "drizzle");
}

function poolSourceOf(source: unknown): DsqlPool | DsqlPoolOptions | string {
  if (isDsqlPool(source) || typeof source === "string") return source;
  const { client, connection, connect } = (source ?? {}) as {
    client?: unknown;
    connection?: DsqlPoolOptions | string | undefined;
    /** Of a pool or a client of pg's own, which stock drizzle-orm 0.45 takes in the first place. */
    connect?: unknown;
  };
  if (isDsqlPool(client)) return client;
  if (client !== undefined || typeof connect === "function") {
    throw new DsqlConfigError("client is no DsqlPool: make one with new DsqlPool(…) of dsql-core.");
  }
  if (connection !== undefined) return connection;
  throw new DsqlConfigError(
    "drizzle() needs a DsqlPool, a connection string, { client } or { connection }: it has got none of them.",
  );
}
