import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import type { Client } from "pg";
import { afterAll, beforeAll } from "vitest";
import { LIBRARY_ROWS, LIBRARY_TABLES } from "./library.ts";
import { type PlainPostgres, startPlainPostgres } from "./plain-postgres.ts";

/** The same tables and rows on DSQL and on PostgreSQL as it is, for one test file. */
export interface UsedLibrary {
  pool(): DsqlPool;
  plain(): Client;
}

export function useLibrary(): UsedLibrary {
  let dsql: LocalDsql;
  let plain: PlainPostgres;
  let pool: DsqlPool;
  beforeAll(async () => {
    [dsql, plain] = await Promise.all([startLocalDsql(), startPlainPostgres()]);
    pool = new DsqlPool(dsql.connection);
    for (const statement of [...LIBRARY_TABLES, ...LIBRARY_ROWS]) {
      await plain.client.query(statement);
      await pool.query(statement);
    }
  });
  afterAll(async () => {
    await pool?.end();
    await Promise.all([dsql?.stop(), plain?.stop()]);
  });
  return { pool: () => pool, plain: () => plain.client };
}
