import { DsqlPool } from "dsql-core";
import type { LocalConnection } from "dsql-local";

/** Where the bank is. */
export interface BankPoolOptions {
  connection: LocalConnection;
  max: number;
}

/** A pool that takes a COMMIT without an answer for lost soon, and says nothing of connections that break while idle. */
export function bankPool({ connection, max }: BankPoolOptions): DsqlPool {
  const pool = new DsqlPool({ ...connection, max, query_timeout: 1000 });
  pool.on("error", () => {});
  return pool;
}
