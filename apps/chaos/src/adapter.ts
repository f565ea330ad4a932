import { DsqlPool } from "dsql-core";
import type { LocalConnection } from "dsql-local";

/** One amount for one account, with a unique name. */
export interface Deposit {
  name: string;
  account: number;
  amount: number;
}

/** One way to the database, through which deposits are made. */
export interface Adapter {
  /** Reads the balance, writes the new one, and inserts the deposit, in a transaction with retries. */
  deposit(deposit: Deposit): Promise<void>;
  /** Inserts a deposit of 0 by a single statement outside a transaction. */
  enter(deposit: Deposit): Promise<void>;
  /** Reads a balance. */
  balance(account: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens a pool whose time limits end a call whose bytes were dropped. */
export function chaosPool(connection: LocalConnection): DsqlPool {
  const pool = new DsqlPool({
    ...connection,
    max: 4,
    query_timeout: 2000,
    commitTimeoutMillis: 2000,
    connectionTimeoutMillis: 5000,
    retry: { deadlineMs: 60_000 },
  });
  pool.on("error", () => {});
  return pool;
}
