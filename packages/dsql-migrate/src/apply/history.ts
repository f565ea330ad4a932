import type { PlannedMigration } from "../plan/migration.ts";

/** A migration that is applied according to a history table. */
export interface AppliedMigration {
  name: string;
  /** Undefined if the table has none. */
  checksum: string | undefined;
}

/** Runs one statement outside a transaction. */
export type RunQuery = (sql: string) => Promise<readonly Record<string, unknown>[]>;

/**
 * The history table of another tool, written as that tool writes it, so that its own commands still work. Its rows are written
 * in the transaction that writes the journal, so that the two never disagree.
 */
export interface HistoryTable {
  /** Identifies the history in the journal, such as `prisma`; names of migrations are unique within it. */
  readonly id: string;
  /**
   * The DDL statements that the table still needs, each safe to repeat; none if it exists. Even a statement that changes nothing
   * is a schema change for other sessions, so check first.
   */
  setup(query: RunQuery): Promise<readonly string[]>;
  /** The migrations that are applied according to the table, which exists by then. */
  applied(query: RunQuery): Promise<AppliedMigration[]>;
  /** One INSERT or UPDATE for the moment a migration begins; undefined if the table shows only finished migrations. */
  begin?(migration: PlannedMigration): string;
  /** One INSERT or UPDATE for the moment it is finished; if the row exists already, it must not add a second one. */
  finish(migration: PlannedMigration): string;
  /** One UPDATE or DELETE that removes a migration that was begun and not finished from the table. */
  forget?(name: string): string;
  /** One UPDATE that stores the checksum of an edited migration. */
  accept?(migration: PlannedMigration): string;
  /**
   * The other tool's command or call for a repair, for error messages.
   * @default `dsql-migrate repair --<repair> <name>`
   */
  repairCommand?(repair: "accept" | "forget", name: string): string;
}

/** The history of plain SQL folders: the journal itself is its table. */
export const PLAIN_HISTORY_ID = "sql";
