import type { PlannedMigration } from "../plan/migration.ts";

/** A migration that a history table calls applied. */
export interface AppliedMigration {
  name: string;
  /** Undefined where the table keeps none. */
  checksum: string | undefined;
}

/** Runs one statement outside a transaction. */
export type RunQuery = (sql: string) => Promise<readonly Record<string, unknown>[]>;

/**
 * The history table of another tool, written as that tool writes it, so that its own commands still work. Its rows are written
 * in the transaction that writes the journal, so that the two never disagree.
 */
export interface HistoryTable {
  /** Names the history in the journal, such as `prisma`: each has names of its own. */
  readonly id: string;
  /**
   * The DDL statements that the table still needs, each safe to repeat; none if it is there. A statement that changes nothing
   * still counts as a schema change for other sessions, so look first.
   */
  setup(query: RunQuery): Promise<readonly string[]>;
  /** What the table calls applied; it exists by then. */
  applied(query: RunQuery): Promise<AppliedMigration[]>;
  /** One INSERT or UPDATE for the moment a migration begins; undefined if the table shows only what is finished. */
  begin?(migration: PlannedMigration): string;
  /** One INSERT or UPDATE for the moment it is finished; it must leave one row if that row is already there. */
  finish(migration: PlannedMigration): string;
  /** One UPDATE or DELETE that makes the table forget a migration that was begun and not finished. */
  forget?(name: string): string;
  /** One UPDATE that stores the checksum of an edited migration. */
  accept?(migration: PlannedMigration): string;
  /**
   * The command or call of the other tool that makes a repair, for error messages.
   * @default `dsql-migrate repair --<repair> <name>`
   */
  repairCommand?(repair: "accept" | "forget", name: string): string;
}

/** The history of plain SQL folders: the journal itself is its table. */
export const PLAIN_HISTORY_ID = "sql";
