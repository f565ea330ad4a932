import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll } from "vitest";
import { DsqlClient, type DsqlConnectionOptions, DsqlPool, type DsqlPoolOptions } from "../src/index.ts";

/** A local endpoint for a test file, and pools and clients on it that are closed after each test. */
export interface LocalDatabase {
  readonly local: LocalDsql;
  pool(options?: DsqlPoolOptions): DsqlPool;
  connect(options?: DsqlConnectionOptions): Promise<DsqlClient>;
}

/** Starts an endpoint before the file's tests, runs `setup` once, and disarms all faults after each test. */
export function useLocalDatabase(...setup: string[]): LocalDatabase {
  let local: LocalDsql;
  const opened: { end(): Promise<void> }[] = [];
  const pool = (options: DsqlPoolOptions = {}) => {
    const made = new DsqlPool({ ...local.connection, ...options });
    opened.push(made);
    return made;
  };
  const connect = async (options: DsqlConnectionOptions = {}) => {
    const client = new DsqlClient({ ...local.connection, ...options });
    opened.push(client);
    return await client.connect();
  };
  const close = async () => {
    for (const one of opened.splice(0)) await one.end();
  };
  beforeAll(async () => {
    local = await startLocalDsql();
    for (const text of setup) await pool().query(text);
    await close();
  });
  afterEach(async () => {
    local.faults.clear();
    await close();
  });
  afterAll(async () => {
    await local.stop();
  });
  return {
    get local() {
      return local;
    },
    pool,
    connect,
  };
}

/** Sets a counter to 0 before each test; provides the statement that increments it and a function that reads it. */
export const COUNTERS = "CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)";
export const increment = "UPDATE counters SET n = n + 1 WHERE id = 1";

export async function resetCounter(database: LocalDatabase): Promise<void> {
  const pool = database.pool();
  await pool.query("DELETE FROM counters");
  await pool.query("INSERT INTO counters VALUES (1, 0)");
}

export async function counted(database: LocalDatabase): Promise<number> {
  return (await database.pool().query("SELECT n FROM counters")).rows[0].n;
}
