import { KnownSchema, type KnownTable, keyOf } from "./schema.ts";
import { tokenize } from "./sql/lexer.ts";
import { parseNow, parseScript } from "./sql/parse.ts";
import { type NodeBody, walk } from "./sql/tree.ts";
import { nameOf } from "./work.ts";

/** Runs one statement and returns its rows. */
type RunQuery = (sql: string) => Promise<readonly Record<string, unknown>[]>;

const USER_SCHEMA =
  "n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys', 'dsql_migrate') AND n.nspname !~ '^pg_'";

const COLUMNS = `SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
    coalesce(b.typname, t.typname) AS built_in, a.atttypmod, a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression, a.attidentity, a.attgenerated
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relkind = 'r' AND ${USER_SCHEMA} ORDER BY c.oid, a.attnum`;

const CONSTRAINTS = `SELECT n.nspname, c.relname, k.conname, k.contype, pg_catalog.pg_get_constraintdef(k.oid) AS definition,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(number, position) JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.position) AS columns,
    fn.nspname AS target_schema, f.relname AS target
  FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS f ON f.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.relnamespace
  WHERE k.contype IN ('p', 'u', 'c', 'f') AND ${USER_SCHEMA}`;

const INDEXES = `SELECT n.nspname, c.relname, x.relname AS index_name, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
    ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey)) AS columns
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE ${USER_SCHEMA} AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))`;

const DOMAINS = `SELECT n.nspname, t.typname, b.typname AS built_in FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
  WHERE t.typtype = 'd' AND ${USER_SCHEMA}`;

const VIEWS = `SELECT n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid) AS definition FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND ${USER_SCHEMA}`;

const KINDS = { p: "primary", u: "unique", c: "check", f: "foreign" } as const;

/**
 * Reads what the database holds, for {@link PlanOptions.knownSchema}: tables with their keys, constraints and indexes, domains
 * and views. It does not show which CHECK replaces which enum, so enums are unknown.
 */
export async function readKnownSchema(query: RunQuery): Promise<KnownSchema> {
  // The parser reads the views.
  await parseScript("");
  const schema = new KnownSchema();
  for (const row of (await query(COLUMNS)) as ColumnRow[]) addColumn(tableOf(schema, row), row);
  for (const row of (await query(CONSTRAINTS)) as ConstraintRow[]) addConstraint(tableOf(schema, row), row);
  for (const row of (await query(INDEXES)) as IndexRow[]) {
    const definition = afterMethod(row.definition);
    const entry = { name: row.index_name, unique: row.indisunique, columns: row.columns, definition };
    tableOf(schema, row).indexes.set(row.index_name, entry);
  }
  for (const { nspname, typname, built_in } of (await query(DOMAINS)) as DomainRow[])
    schema.domains.set(keyOf({ schema: nspname, name: typname }), built_in);
  for (const { nspname, relname, definition } of (await query(VIEWS)) as ViewRow[]) {
    const tables: string[] = [];
    walk(parseNow(definition) ?? [], (name, body) => {
      if (name === "RangeVar") tables.push(keyOf(nameOf(body as NodeBody<"RangeVar">)));
    });
    schema.views.set(keyOf({ schema: nspname, name: relname }), tables);
  }
  return schema;
}

/**
 * Reads the primary keys of the existing tables, and nothing else of them: a backfill needs them, and no
 * migration changes them on the way, so that a plan made again halfway through a migration is the same.
 */
export async function readPrimaryKeys(query: RunQuery): Promise<KnownSchema> {
  const schema = new KnownSchema();
  for (const row of (await query(`${CONSTRAINTS} AND k.contype = 'p'`)) as ConstraintRow[]) {
    const table = tableOf(schema, row);
    table.complete = false;
    addConstraint(table, row);
  }
  return schema;
}

type TableRow = { nspname: string; relname: string };
type ColumnRow = TableRow & {
  attname: string;
  type: string;
  built_in: string;
  atttypmod: number;
  attnotnull: boolean;
  expression: string | null;
  attidentity: string;
  attgenerated: string;
};
type ConstraintRow = TableRow & {
  conname: string;
  contype: keyof typeof KINDS;
  definition: string;
  columns: string[];
  target_schema: string | null;
  target: string | null;
};
type IndexRow = TableRow & {
  index_name: string;
  indisunique: boolean;
  definition: string;
  columns: string[];
};
type DomainRow = { nspname: string; typname: string; built_in: string };
type ViewRow = TableRow & { definition: string };

function tableOf(schema: KnownSchema, { nspname, relname }: TableRow): KnownTable {
  const name = { ...(nspname !== "public" && { schema: nspname }), name: relname };
  const known = schema.table(name);
  if (known) return known;
  const table: KnownTable = {
    name,
    columns: new Map(),
    constraints: new Map(),
    indexes: new Map(),
    complete: true,
  };
  schema.tables.set(keyOf(name), table);
  return table;
}

function addColumn(table: KnownTable, row: ColumnRow): void {
  const isText = row.built_in === "varchar" || row.built_in === "bpchar";
  const expression = row.expression ?? undefined;
  table.columns.set(row.attname, {
    name: row.attname,
    type: row.type,
    builtIn: row.built_in,
    length: isText && row.atttypmod > 4 ? row.atttypmod - 4 : undefined,
    notNull: row.attnotnull,
    ...(row.attgenerated === "s"
      ? { generated: `GENERATED ALWAYS AS (${expression}) STORED` }
      : expression !== undefined && { default: expression }),
  });
  // The options of its sequence are not read, so the table cannot be recreated.
  if (row.attidentity !== "") table.complete = false;
}

function addConstraint(table: KnownTable, row: ConstraintRow): void {
  const { conname: name, contype, definition, columns } = row;
  table.constraints.set(name, {
    name,
    kind: KINDS[contype],
    columns,
    definition,
    ...(row.target !== null && { references: { schema: row.target_schema ?? undefined, name: row.target } }),
  });
  const [only] = columns;
  const column =
    contype === "c" && columns.length === 1 && only !== undefined ? table.columns.get(only) : undefined;
  const words = tokenize(definition).map(({ value }) => value);
  // CHECK ((column IS NOT NULL)), and nothing else.
  if (column && words.join(" ") === `check ( ( ${column.name} is not null ) )`) column.notNullCheck = name;
}

/** An index's definition from its keys on, without the method. */
function afterMethod(definition: string): string {
  const tokens = tokenize(definition);
  const using = tokens.findIndex(({ kind, value }) => kind === "word" && value === "using");
  return definition.slice(tokens[using + 2]?.start ?? 0);
}
