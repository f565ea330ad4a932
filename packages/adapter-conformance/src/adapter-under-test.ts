import type { DsqlPool, DsqlPoolOptions, TransactionOptions } from "dsql-core";
import type { ColumnName } from "./schema.ts";

/** A row as the adapter's raw SQL method returns it. */
export type Row = Readonly<Record<string, unknown>>;

/** One row of the table `conformance_account`. */
export interface Account {
  /** A UUID. */
  id: string;
  owner: string;
  balance: bigint;
}

/** The table `conformance_account` through the ORM's own query builder or model, not through raw SQL. */
export interface Accounts {
  insert(accounts: readonly Account[]): Promise<void>;
  find(id: string): Promise<Account | undefined>;
  /** Sets the balance and returns how many rows were changed. */
  setBalance(id: string, balance: bigint): Promise<number>;
  /** Returns how many rows were deleted. */
  remove(id: string): Promise<number>;
}

/** What can be done both inside a transaction and outside of one. */
export interface Work {
  /** Runs one statement with `$1` parameters through the ORM's raw SQL method. Statements that return no rows give `[]`. */
  query(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  readonly accounts: Accounts;
}

/** A {@link Work} inside a transaction. */
export interface TransactionWork extends Work {
  /** Begins a transaction inside this one, as a user of the ORM would. */
  nest(): Promise<unknown>;
}

/** One open adapter: an ORM instance over a pool. */
export interface AdapterSession extends Work {
  readonly pool: DsqlPool;
  /** The ORM's own transaction, without retries. */
  transaction<T>(
    work: (transaction: TransactionWork) => Promise<T>,
    options?: { readOnly?: boolean },
  ): Promise<T>;
  transactionWithRetry<T>(
    work: (transaction: TransactionWork) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /**
   * Writes one value into a column of `conformance_column` through the ORM's own builder and reads it back, each in
   * the JavaScript form that {@link ColumnName} documents.
   */
  roundTrip(column: ColumnName, value: unknown): Promise<unknown>;
  /** Yields rows without loading all of them; absent if the ORM cannot. */
  stream?(sql: string, chunkSize: number): AsyncIterable<Row>;
  /** Runs a named prepared statement; absent if the ORM has none. */
  prepared?: ((name: string, sql: string, parameters: readonly unknown[]) => Promise<Row[]>) | undefined;
  /** Ends the ORM instance and its pool; waits for running work. */
  close(): Promise<void>;
}

/** A module, TypeScript without a build, that a child process can load. */
export interface AdapterModule {
  /** Its `import.meta.url`. */
  url: string;
  exportName: string;
  /** Packages to replace, like the test project's own aliases: name to absolute path. */
  alias?: Record<string, string> | undefined;
}

/** An adapter as the suite tests it. */
export interface AdapterUnderTest<Title extends string = string> {
  /** Name and ORM version, for the titles: `kysely 0.29`. */
  readonly name: string;
  /** The part of application_name before the colon; absent for the core itself. */
  readonly ormPrefix?: string | undefined;
  /** The most parameters of one statement. @default 65_535 */
  readonly maxParameters?: number | undefined;
  /** Where this very object is exported, so that a child process can load it. */
  readonly module: AdapterModule;
  open(options: DsqlPoolOptions): AdapterSession | Promise<AdapterSession>;
  /** Scenarios that this adapter cannot pass, by title, each with the reason as a sentence. */
  readonly skips?: Readonly<Partial<Record<Title, string>>> | undefined;
}
