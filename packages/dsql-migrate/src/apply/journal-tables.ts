import type { DsqlPool } from "dsql-core";
import { createIfMissing } from "./repeatable.ts";

/**
 * The journal's schema: a separate one, so that ORMs' tools that introspect `public` do not find it.
 *
 * - `lease`: who may migrate now. `fence` grows with each new holder.
 * - `migration`: one row for each migration that was begun. `fence` is that of its last holder.
 * - `step`: the plan of each migration, statement by statement, and which of them have run.
 */
export const JOURNAL_SCHEMA = "dsql_migrate";

const TABLES: Readonly<Record<string, string>> = {
  lease: `CREATE TABLE IF NOT EXISTS ${JOURNAL_SCHEMA}.lease (
  name text PRIMARY KEY,
  owner text,
  fence bigint NOT NULL,
  acquired_at timestamptz,
  expires_at timestamptz
)`,
  migration: `CREATE TABLE IF NOT EXISTS ${JOURNAL_SCHEMA}.migration (
  history text NOT NULL,
  name text NOT NULL,
  checksum text NOT NULL,
  fence bigint NOT NULL,
  steps integer NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  owner text NOT NULL,
  PRIMARY KEY (history, name)
)`,
  step: `CREATE TABLE IF NOT EXISTS ${JOURNAL_SCHEMA}.step (
  history text NOT NULL,
  name text NOT NULL,
  position integer NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'started', 'done', 'failed')),
  plan text NOT NULL,
  done_before boolean,
  changed_rows bigint,
  error text,
  result text,
  started_at timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (history, name, position)
)`,
};

/** Whether all tables of the journal exist. */
export async function journalExists(pool: DsqlPool): Promise<boolean> {
  return (await missingTables(pool)).length === 0;
}

/** Creates the tables of the journal that are missing. Several processes may call it at the same time. */
export async function createJournal(pool: DsqlPool): Promise<void> {
  const missing = await missingTables(pool);
  if (missing.length === 0) return;
  await createIfMissing(pool, `CREATE SCHEMA IF NOT EXISTS ${JOURNAL_SCHEMA}`);
  for (const table of missing) await createIfMissing(pool, TABLES[table] as string);
}

async function missingTables(pool: DsqlPool): Promise<string[]> {
  const { rows } = await pool.query<{ tablename: string }>(
    `SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = '${JOURNAL_SCHEMA}'`,
  );
  const present = new Set(rows.map(({ tablename }) => tablename));
  return Object.keys(TABLES).filter((table) => !present.has(table));
}
