import type { HistoryTable } from "dsql-migrate";
import { escapeIdentifier, escapeLiteral } from "pg";

/** Kysely's own history table, with its default name and columns, so that its tools can read it. */
export interface HistoryTableName {
  table: string;
  schema: string | undefined;
}

/** Writes the history table as Kysely's Migrator does when it migrates up. */
export function upHistory(name: HistoryTableName): HistoryTable {
  return {
    ...commonHistory(name),
    id: "kysely",
    finish: (migration) =>
      `INSERT INTO ${quoted(name)} (name, timestamp) VALUES (${escapeLiteral(migration.name)}, ${escapeLiteral(new Date().toISOString())}) ON CONFLICT (name) DO NOTHING`,
  };
}

/** Writes the history table as Kysely's Migrator does when it migrates down. */
export function downHistory(name: HistoryTableName): HistoryTable {
  return {
    ...commonHistory(name),
    id: "kysely down",
    finish: (migration) => `DELETE FROM ${quoted(name)} WHERE name = ${escapeLiteral(migration.name)}`,
  };
}

function commonHistory(name: HistoryTableName): Pick<HistoryTable, "setup" | "applied"> {
  const { schema } = name;
  return {
    setup: async (query) => {
      const [found] = await query(`SELECT to_regclass(${escapeLiteral(quoted(name))}) IS NOT NULL AS exists`);
      if (found?.exists === true) return [];
      return [
        ...(schema === undefined ? [] : [`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`]),
        `CREATE TABLE IF NOT EXISTS ${quoted(name)} (name varchar(255) NOT NULL PRIMARY KEY, timestamp varchar(255) NOT NULL)`,
      ];
    },
    applied: async (query) => {
      const rows = await query(`SELECT name FROM ${quoted(name)} ORDER BY timestamp, name`);
      return rows.map((row) => ({ name: String(row.name), checksum: undefined }));
    },
  };
}

function quoted({ table, schema }: HistoryTableName): string {
  const name = escapeIdentifier(table);
  return schema === undefined ? name : `${escapeIdentifier(schema)}.${name}`;
}
