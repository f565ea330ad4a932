import type { DsqlPool } from "dsql-core";
import type { AppliedMigration, HistoryTable } from "./history.ts";
import { type JournalMigration, readMigrations } from "./journal.ts";
import { journalExists } from "./journal-tables.ts";
import { queryOf, sqlstateOf } from "./repeatable.ts";
import { historyId } from "./under-lease.ts";

/** What the database has recorded about a history's migrations, by their names. */
export interface HistoryState {
  /** Migrations that this package has begun, finished or not. */
  journaled: ReadonlyMap<string, JournalMigration>;
  /** The applied migrations, according to the history table, or to the journal if there is no other table. */
  applied: ReadonlyMap<string, AppliedMigration>;
}

/** SQLSTATEs of a table, schema or column that does not exist yet. */
const NOT_MADE_YET = new Set(["42P01", "3F000", "42703"]);

/** Reads the journal and the history table; tables that do not exist yet are empty. */
export async function readHistory(pool: DsqlPool, history: HistoryTable | undefined): Promise<HistoryState> {
  const rows = (await journalExists(pool)) ? await readMigrations(pool, historyId(history)) : [];
  const applied =
    history === undefined
      ? rows.filter(({ finishedAt }) => finishedAt !== undefined)
      : await appliedOf(pool, history);
  return {
    journaled: new Map(rows.map((row) => [row.name, row])),
    applied: new Map(applied.map(({ name, checksum }) => [name, { name, checksum }])),
  };
}

async function appliedOf(pool: DsqlPool, history: HistoryTable): Promise<AppliedMigration[]> {
  try {
    return await history.applied(queryOf(pool));
  } catch (error) {
    if (NOT_MADE_YET.has(sqlstateOf(error))) return [];
    throw error;
  }
}
