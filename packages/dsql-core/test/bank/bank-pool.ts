import { DsqlPool } from "dsql-core";
import type { LocalConnection } from "dsql-local";

/** Where the bank is. */
export interface BankPoolOptions {
  connection: LocalConnection;
  max: number;
}

/** A pool that soon gives up on a COMMIT without a response, and does not report connections that break while idle. */
export function bankPool({ connection, max }: BankPoolOptions): DsqlPool {
  const pool = new DsqlPool({ ...connection, max, query_timeout: 1000 });
  pool.on("error", () => {});
  return pool;
}
