/** A statement that a program sends. */
export interface ProgramStatement {
  sql: string;
  values?: readonly unknown[] | undefined;
}

/** What a program gets back: from the server, or from the journal if the statement has run before. */
export interface ProgramResult {
  /** The first word of the server's command tag, such as `INSERT`. */
  command: string;
  rowCount: number | null;
  rows: Record<string, unknown>[];
}

/** The database as a migration program sees it. */
export interface ProgramSession {
  /**
   * Runs one statement: DDL as the planner makes it for DSQL, everything else in a transaction with its journal entry.
   * @throws MigrateError `DSQL_MIGRATE_REFUSED` if DSQL does not accept it, before it is sent
   */
  execute(statement: ProgramStatement): Promise<ProgramResult>;
  /** Begins a transaction of data changes, which is recorded as a whole. */
  begin(): Promise<ProgramTransaction>;
}

/** A transaction of a program. */
export interface ProgramTransaction {
  execute(statement: ProgramStatement): Promise<ProgramResult>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/**
 * A migration that is a function. It may be run several times: each statement is recorded with its result, and one that has
 * been recorded is not sent again but returns what it returned. So a program that was killed continues where it stopped, as
 * long as it sends the same statements in the same order.
 */
export interface MigrationProgram {
  /** Unique within its history. */
  name: string;
  run(session: ProgramSession): Promise<void>;
}
