import type { DsqlPool, DsqlPoolOptions, RetryEvent } from "dsql-core";

/** One account with its incoming and outgoing money, as the demo's join query returns it. */
export interface AccountSummary {
  id: number;
  owner: string;
  balance: number;
  transfers: number;
}

/** The demo's operations; each adapter implements them in the idiom of its ORM. */
interface Bank {
  readonly pool: DsqlPool;
  createTables(): Promise<void>;
  /** Creates the tables with the ORM's own migrations, on a database that has none. */
  migrate(): Promise<void>;
  open(accounts: number, balance: number): Promise<void>;
  /** Moves money in one transaction that is retried after a conflict. */
  transfer(order: Transfer, onRetry: (event: RetryEvent) => void): Promise<void>;
  total(): Promise<number>;
  /** Accounts with the number of transfers that touched them, the busiest first. */
  busiest(limit: number): Promise<AccountSummary[]>;
  close(): Promise<void>;
}

export interface Transfer {
  from: number;
  to: number;
  amount: number;
}

/** An adapter that the demo can run. */
export interface BankAdapter {
  name: string;
  connect(options: DsqlPoolOptions): Promise<Bank>;
}

/** The account that every transfer touches. */
export const HOT_ACCOUNT = 1;

/** The demo's tables, one statement for each transaction, as DSQL requires. */
export const DROP_TABLES = ["drop table if exists transfers", "drop table if exists accounts"];
