import type { DsqlPool } from "dsql-core";

interface Column {
  name: string;
  type: string;
  required: boolean;
}

/** Puts three rows into each table that has none, as its types, keys and checks allow. */
export async function seed(pool: DsqlPool): Promise<void> {
  const waiting = new Map<string, string>(Object.entries(await tables(pool)));
  for (let round = 0; waiting.size > 0; round++) {
    if (round > 10) throw new Error(`No order of tables found: ${[...waiting.keys()].join(", ")}`);
    for (const [table, oid] of waiting) {
      const parents = await parentsOf(pool, oid);
      if ([...parents.values()].some((parent) => parent.table !== table && waiting.has(parent.table)))
        continue;
      waiting.delete(table);
      const { rows } = await pool.query(`SELECT count(*)::int AS n FROM ${table}`);
      if (rows[0].n > 0) continue;
      await insertRows(pool, table, oid, parents);
    }
  }
}

/** The number of rows of each table, by its name. */
export async function rowsOf(pool: DsqlPool): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of Object.keys(await tables(pool))) {
    const { rows } = await pool.query(`SELECT count(*)::int AS n FROM ${table}`);
    counts[table] = rows[0].n;
  }
  return counts;
}

async function tables(pool: DsqlPool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; oid: string }>(
    `SELECT format('%I.%I', nspname, relname) AS name, c.oid::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
     WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema', 'sys') ORDER BY 1`,
  );
  return Object.fromEntries(rows.map(({ name, oid }) => [name, oid]));
}

async function parentsOf(
  pool: DsqlPool,
  oid: string,
): Promise<Map<string, { table: string; column: string }>> {
  const { rows } = await pool.query<{ column: string; table: string; parent: string }>(
    `SELECT a.attname AS column, format('%I.%I', n.nspname, p.relname) AS table, f.attname AS parent
     FROM pg_constraint AS k CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS u(own, other)
     JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.own JOIN pg_attribute AS f ON f.attrelid = k.confrelid AND f.attnum = u.other
     JOIN pg_class AS p ON p.oid = k.confrelid JOIN pg_namespace AS n ON n.oid = p.relnamespace WHERE k.contype = 'f' AND k.conrelid = ${oid}`,
  );
  return new Map(rows.map(({ column, table, parent }) => [column, { table, column: parent }]));
}

async function insertRows(
  pool: DsqlPool,
  table: string,
  oid: string,
  parents: Map<string, { table: string; column: string }>,
): Promise<void> {
  const { rows: columns } = await pool.query<Column>(
    `SELECT a.attname AS name, format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE a.atttypid END, NULL) AS type,
       a.attnotnull OR EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = a.attrelid AND pg_get_constraintdef(k.oid) LIKE '%' || a.attname || '%IS NOT NULL%') AS required
     FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '' ORDER BY a.attnum`,
  );
  for (let number = 1; number <= 3; number++) {
    const values: string[] = [];
    const used = columns.filter((column) => {
      const parent = parents.get(column.name);
      if (parent?.table === table && !column.required) return false;
      values.push(
        parent
          ? `(SELECT ${quote(parent.column)} FROM ${parent.table} ORDER BY 1 LIMIT 1 OFFSET ${number - 1})`
          : sampleValue(column, number, values.length),
      );
      return true;
    });
    const list = used.map(({ name }) => quote(name)).join(", ");
    await pool.query(
      used.length > 0
        ? `INSERT INTO ${table} (${list}) VALUES (${values.join(", ")})`
        : `INSERT INTO ${table} DEFAULT VALUES`,
    );
  }
}

function sampleValue({ type, name }: Column, number: number, position: number): string {
  if (/int|numeric|double|real/.test(type)) return String(number);
  if (type === "boolean") return "true";
  if (type === "uuid") return "gen_random_uuid()";
  if (/json/.test(type)) return "'{}'";
  // Later columns are later times: tables check that things begin before they end.
  if (/timestamp/.test(type)) return `timestamp '2026-01-0${number}' + interval '${position} hours'`;
  if (type === "date") return `date '2026-01-0${number}'`;
  if (name === "species") return `'${["dog", "cat", "frog"][number - 1]}'`;
  return `'${name} ${number}'`;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
