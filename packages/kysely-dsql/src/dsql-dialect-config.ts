import type { DsqlPool, DsqlPoolOptions } from "dsql-core";
import type { DatabaseConnection } from "kysely";
import type { DsqlQueryCompilerOptions } from "./dsql-query-compiler.ts";

/** The part of a `pg-cursor` cursor that streaming needs. */
export interface Cursor<R> {
  read(rowCount: number): Promise<R[]>;
  close(): Promise<void>;
}

/** The class that `pg-cursor` exports. */
export type CursorConstructor = new (sql: string, parameters?: unknown[]) => Cursor<unknown>;

/** Options of the dialect beside those of the connection. */
export interface DsqlDialectOptions extends DsqlQueryCompilerOptions {
  /** The default export of `pg-cursor`; needed by `.stream()` alone. */
  cursor?: CursorConstructor | undefined;
  /**
   * Waits until an index is built before `createIndex(…).execute()` resolves. Inside a transaction it does not wait.
   * @default false
   */
  waitForIndexes?: boolean | undefined;
  /** Called once for each new connection, before its first use; what it throws rejects the query that needed the connection. */
  onCreateConnection?: ((connection: DatabaseConnection) => Promise<void>) | undefined;
  /** Called each time a connection is taken from the pool; what it throws rejects the query that needed the connection. */
  onReserveConnection?: ((connection: DatabaseConnection) => Promise<void>) | undefined;
}

/** An existing pool, or a function that returns one and is called once, before the first query. */
export interface DsqlDialectPoolConfig extends DsqlDialectOptions {
  /** `db.destroy()` ends it once a query has run, as Kysely's own PostgreSQL dialect does. */
  pool: DsqlPool | (() => DsqlPool | Promise<DsqlPool>);
}

/** Options of the pool that the dialect opens; `ormPrefix` defaults to `kysely`. */
export interface DsqlDialectConnectionConfig extends DsqlDialectOptions, DsqlPoolOptions {
  pool?: undefined | undefined;
}

/** Options of {@link DsqlDialect}: how to connect, or a pool. */
export type DsqlDialectConfig = DsqlDialectConnectionConfig | DsqlDialectPoolConfig;
