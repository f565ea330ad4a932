import { DsqlPool, type DsqlPoolOptions } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { Kysely } from "kysely";
import Cursor from "pg-cursor";
import { afterAll, afterEach, beforeAll } from "vitest";
import { DsqlDialect, type DsqlDialectOptions } from "../src/index.ts";

export interface Database {
  account: { id: string; owner: string; balance: number };
}

export type Options = DsqlDialectOptions & Omit<DsqlPoolOptions, keyof DsqlDialectOptions>;

/** A Kysely instance and the pool under it. */
export interface Opened {
  db: Kysely<Database>;
  pool: DsqlPool;
}

/** A dsql-local with one table for a test file; what a test opens is closed after it. */
export function useLocalDatabase(): { local(): LocalDsql; open(options?: Options): Opened } {
  let local: LocalDsql;
  const opened: Opened[] = [];
  const open = (options: Options = {}): Opened => {
    const { cursor, waitForIndexes, identityCache, onCreateConnection, onReserveConnection, ...poolOptions } =
      { cursor: Cursor, ...options };
    const pool = new DsqlPool({ ...local.connection, ...poolOptions });
    const dialect = new DsqlDialect({
      pool,
      cursor,
      waitForIndexes,
      identityCache,
      onCreateConnection,
      onReserveConnection,
    });
    const own = { db: new Kysely<Database>({ dialect }), pool };
    opened.push(own);
    return own;
  };
  beforeAll(async () => {
    local = await startLocalDsql();
    const { db } = open();
    await db.schema
      .createTable("account")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("owner", "text", (column) => column.notNull())
      .addColumn("balance", "integer", (column) => column.notNull())
      .execute();
  });
  afterEach(async () => {
    local.faults.clear();
    for (const { db, pool } of opened.splice(0)) {
      await db.destroy();
      if (!pool.ending) await pool.end();
    }
  });
  afterAll(async () => {
    await local?.stop();
  });
  return { local: () => local, open };
}
