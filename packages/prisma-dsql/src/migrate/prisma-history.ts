import type { HistoryTable } from "dsql-migrate";
import { escapeIdentifier, escapeLiteral } from "pg";

/**
 * Prisma's own history table, `_prisma_migrations`, as `prisma migrate deploy` writes it (7.10): a row when a migration begins,
 * `finished_at` and one applied step when it has finished.
 */
export function prismaHistory(schema = "public"): HistoryTable {
  const table = `${escapeIdentifier(schema)}._prisma_migrations`;
  const open = (name: string) =>
    `migration_name = ${escapeLiteral(name)} AND finished_at IS NULL AND rolled_back_at IS NULL`;
  return {
    id: "prisma",
    setup: async (query) => {
      const [found] = await query(`SELECT to_regclass(${escapeLiteral(table)}) IS NOT NULL AS exists`);
      if (found?.exists === true) return [];
      return [
        `CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(schema)}`,
        `CREATE TABLE IF NOT EXISTS ${table} (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`,
      ];
    },
    applied: async (query) => {
      const rows = await query(
        `SELECT migration_name, checksum FROM ${table} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY started_at`,
      );
      return rows.map((row) => ({ name: String(row.migration_name), checksum: String(row.checksum) }));
    },
    begin: ({ name, checksum }) =>
      `INSERT INTO ${table} (id, checksum, migration_name, started_at, applied_steps_count) SELECT gen_random_uuid()::text, ${escapeLiteral(checksum)}, ${escapeLiteral(name)}, now(), 0 WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE ${open(name)})`,
    finish: ({ name, checksum }) =>
      `UPDATE ${table} SET finished_at = now(), applied_steps_count = 1, checksum = ${escapeLiteral(checksum)} WHERE ${open(name)}`,
    forget: (name) => `UPDATE ${table} SET rolled_back_at = now() WHERE ${open(name)}`,
    accept: ({ name, checksum }) =>
      `UPDATE ${table} SET checksum = ${escapeLiteral(checksum)} WHERE migration_name = ${escapeLiteral(name)} AND finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    repairCommand: (repair, name) => `prisma-dsql migrate repair --${repair} ${name}`,
  };
}
