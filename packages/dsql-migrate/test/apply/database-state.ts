import type { DsqlPool } from "dsql-core";

/** Drops everything that a test made, the journal included. */
export async function emptyDatabase(pool: DsqlPool): Promise<void> {
  const { rows } = await pool.query<{ drop: string }>(
    "SELECT format('DROP TABLE %I.%I CASCADE', schemaname, tablename) AS drop FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'sys')",
  );
  for (const { drop } of rows) await pool.query(drop);
}

const CATALOG = [
  `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS "default"
   FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
   LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attname`,
  `SELECT c.relname, pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid FROM pg_index AS i
   JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' ORDER BY c.relname`,
  `SELECT conname, pg_get_constraintdef(oid) AS definition, convalidated FROM pg_constraint
   WHERE connamespace = 'public'::regnamespace ORDER BY conname`,
];

/** Everything that a deployment leaves behind that does not depend on when it ran: the schema, the rows, the journal. */
export async function databaseState(pool: DsqlPool): Promise<Record<string, unknown>> {
  const catalog = [];
  for (const sql of CATALOG) catalog.push((await pool.query(sql)).rows);
  const { rows: tables } = await pool.query<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
  );
  const contents: Record<string, unknown> = {};
  for (const { tablename } of tables) {
    const { rows } = await pool.query(`SELECT * FROM public."${tablename}" AS t ORDER BY t::text`);
    contents[tablename] = rows;
  }
  const { rows: migrations } = await pool.query(
    "SELECT history, name, checksum, steps, finished_at IS NOT NULL AS finished FROM dsql_migrate.migration ORDER BY 1, 2",
  );
  const { rows: steps } = await pool.query(
    "SELECT history, name, position, state, error FROM dsql_migrate.step ORDER BY 1, 2, 3",
  );
  return { catalog, contents, migrations, steps };
}
