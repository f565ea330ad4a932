import type { DsqlPool } from "dsql-core";

const USER_SCHEMAS =
  "n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys') AND n.nspname NOT LIKE 'pg\\_%'";

/** Drops every table, including journals and history. */
export async function emptyDatabase(pool: DsqlPool): Promise<void> {
  const { rows } = await pool.query<{ drop: string }>(
    `SELECT format('DROP TABLE %I.%I CASCADE', n.nspname, c.relname) AS drop FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND ${USER_SCHEMAS}`,
  );
  for (const { drop } of rows) await pool.query(drop);
}

const CATALOG = [
  `SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) AS "default"
   FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
   LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
   WHERE ${USER_SCHEMAS} AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2, 3`,
  `SELECT n.nspname, c.relname, pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid FROM pg_index AS i
   JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE ${USER_SCHEMAS} ORDER BY 1, 2`,
  `SELECT n.nspname, conname, pg_get_constraintdef(o.oid) AS definition, convalidated FROM pg_constraint AS o
   JOIN pg_namespace AS n ON n.oid = o.connamespace WHERE ${USER_SCHEMAS} ORDER BY 1, 2`,
];

/** Columns whose values depend only on when, where or in which attempt something ran. */
const CIRCUMSTANCES = /^(.*_at|timestamp|owner|fence|done_before|job_id|changed_rows|expires_at)$/;

/** Tables with random keys. */
const RANDOM_IDS = new Set(["_prisma_migrations", "__drizzle_migrations"]);

/** Everything that migrations leave behind, except times and random values: the schema, the rows, the history, the journal. */
export async function databaseState(pool: DsqlPool): Promise<Record<string, unknown>> {
  const catalog = [];
  for (const sql of CATALOG) catalog.push((await pool.query(sql)).rows);
  const { rows: tables } = await pool.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND ${USER_SCHEMAS} AND c.relname <> 'lease' ORDER BY 1, 2`,
  );
  const contents: Record<string, string[]> = {};
  for (const { schema, name } of tables) {
    const { rows } = await pool.query<Record<string, unknown>>(`SELECT * FROM "${schema}"."${name}"`);
    contents[`${schema}.${name}`] = rows.map((row) => JSON.stringify(shown(name, row))).sort();
  }
  return { catalog, contents };
}

function shown(table: string, row: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(row).filter(([column]) => !(RANDOM_IDS.has(table) && column === "id"));
  return Object.fromEntries(
    entries.map(([column, value]) => {
      if (CIRCUMSTANCES.test(column)) return [column, value !== null && "set"];
      // A plan names its file, which is in a different folder each time.
      return [column, column === "plan" ? (JSON.parse(String(value)) as { sql: string }).sql : value];
    }),
  );
}
