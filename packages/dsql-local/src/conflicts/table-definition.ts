/** What is needed to create a copy of a table that behaves like the table. */
export interface TableDefinition {
  table: number;
  schema: string;
  name: string;
  /** Columns that can be written, quoted, separated by commas. */
  columns: string;
  /** The text between the parentheses of CREATE TABLE: columns, checks, unique constraints. */
  body: string;
  /** CHECK constraints that existing rows need not satisfy (NOT VALID), as text for ADD CONSTRAINT. */
  uncheckedConstraints: readonly string[];
  /** Columns of the primary key, quoted; empty if there is none. */
  primaryKey: readonly string[];
  /** Unique indexes that are not constraints: their names, and the text after the table's name in CREATE UNIQUE INDEX. */
  indexes: readonly { name: string; keys: string }[];
  foreignKeys: readonly {
    name: string;
    parent: number;
    columns: string;
    parentColumns: string;
    rest: string;
  }[];
}

/** Parses the result of the SQL function dsql_local_definitions, which contains only ASCII. */
export function parseDefinitions(base64: string | null | undefined): TableDefinition[] {
  return base64 ? (JSON.parse(Buffer.from(base64, "base64").toString()) as TableDefinition[]) : [];
}

export const tableDefinitionSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_linked(tables oid[]) RETURNS SETOF oid
LANGUAGE sql STABLE SET search_path = pg_catalog AS $linked$
  WITH RECURSIVE linked(relation) AS (
    SELECT unnest(tables)
    UNION
    SELECT CASE WHEN key.conrelid = linked.relation THEN key.confrelid ELSE key.conrelid END
    FROM linked JOIN pg_constraint AS key
      ON key.contype = 'f' AND linked.relation IN (key.conrelid, key.confrelid)
  )
  SELECT relation FROM linked
$linked$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_column_definition(relation oid, attribute int2) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $column$
  SELECT concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod),
    CASE WHEN attgenerated <> '' THEN 'GENERATED ALWAYS AS (' || pg_get_expr(adbin, adrelid) || ') STORED'
      WHEN attidentity <> '' THEN
        format('DEFAULT nextval(%L::regclass)', pg_get_serial_sequence(relation::regclass::text, attname))
      ELSE 'DEFAULT ' || pg_get_expr(adbin, adrelid) END,
    CASE WHEN attnotnull THEN 'NOT NULL' END)
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = relation AND attnum = attribute
$column$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_definition(relation oid) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog AS $definition$
  SELECT json_build_object('table', c.oid::int8, 'schema', nspname, 'name', relname,
    'columns', dsql_local_columns(c.oid, false),
    'body', concat_ws(', ',
      (SELECT string_agg(dsql_local_column_definition(attrelid, attnum), ', ' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
      (SELECT string_agg(format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)), ', ')
        FROM pg_constraint WHERE conrelid = c.oid AND contype IN ('c', 'p', 'u') AND convalidated)),
    'primaryKey', (SELECT coalesce(json_agg(quote_ident(attname)), '[]') FROM pg_index JOIN pg_attribute
      ON attrelid = indrelid AND attnum = ANY (indkey::int2[]) WHERE indrelid = c.oid AND indisprimary),
    'uncheckedConstraints', (SELECT coalesce(json_agg(format('%I %s', conname, pg_get_constraintdef(oid))), '[]')
      FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c' AND NOT convalidated),
    'indexes', (SELECT coalesce(json_agg(json_build_object('name', quote_ident(i.relname),
        -- The catalog shows DSQL's name of the access method instead of btree.
        'keys', regexp_replace(def, '^.*? USING [a-z_]+ ', 'btree '))), '[]')
      FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid, pg_get_indexdef(indexrelid) AS def
      WHERE indrelid = c.oid AND indisunique AND indisvalid
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))),
    'foreignKeys', (SELECT coalesce(json_agg(json_build_object('name', quote_ident(conname), 'parent', confrelid::int8,
        'columns', substring(def FROM '^FOREIGN KEY \\((.*?)\\) REFERENCES '),
        'parentColumns', (SELECT string_agg(quote_ident(attname), ', ' ORDER BY n)
          FROM unnest(confkey) WITH ORDINALITY AS key(attnum, n) JOIN pg_attribute USING (attnum)
          WHERE attrelid = confrelid),
        'rest', replace(substring(def FROM ' REFERENCES [^(]*\\([^)]*\\)(.*)$'), ' NOT VALID', ''))), '[]')
      FROM pg_constraint, pg_get_constraintdef(oid) AS def WHERE conrelid = c.oid AND contype = 'f'))
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE c.oid = relation
$definition$;

-- This locks tables, so only a session that can be asked to release its locks may run it.
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_definitions(key text, relation oid) RETURNS text LANGUAGE plpgsql
STABLE SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres' SET extra_float_digits = 1 AS $definitions$
BEGIN
  PERFORM dsql_local_check_call(key);
  RETURN (SELECT encode(convert_to(json_agg(dsql_local_definition(linked))::text, 'UTF8'), 'base64')
    FROM dsql_local_linked(ARRAY[relation]) AS linked);
END $definitions$;
`;
