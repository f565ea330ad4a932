import { DsqlPool, type DsqlPoolOptions } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll } from "vitest";

/** A local cluster for a test file, with a table of accounts, and a pool that ends with the file. */
export interface Cluster {
  readonly local: LocalDsql;
  readonly pool: DsqlPool;
}

export function useCluster(options: DsqlPoolOptions = {}): Cluster {
  let local: LocalDsql | undefined;
  let pool: DsqlPool | undefined;
  beforeAll(async () => {
    local = await startLocalDsql();
    pool = new DsqlPool({ ...local.connection, ...options });
    await pool.query("CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)");
    await pool.query("INSERT INTO accounts VALUES (1, 100)");
  });
  afterEach(() => local?.faults.clear());
  afterAll(async () => {
    await pool?.end();
    await local?.stop();
  });
  return {
    get local() {
      return started(local);
    },
    get pool() {
      return started(pool);
    },
  };
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the cluster starts before the first test");
  return value;
}
