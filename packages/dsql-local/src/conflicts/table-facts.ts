import type { KeyType } from "./key-values.ts";

/** A unique index without a predicate or an expression; columns are positions in a row's text. */
export interface UniqueKey {
  index: number;
  columns: number[];
  types: KeyType[];
  nullsNotDistinct: boolean;
  isPrimary: boolean;
}

/** A foreign key: the columns whose values are looked up in the parent's unique index, in that index's order. */
export interface ForeignKey {
  parentIndex: number;
  columns: number[];
  types: KeyType[];
  parentTypes: KeyType[];
}

/** What must be known about a table to identify its rows. */
export interface TableFacts {
  keys: UniqueKey[];
  foreignKeys: ForeignKey[];
  /** Positions of columns that UPDATE cannot set: GENERATED ALWAYS AS IDENTITY. */
  identities: number[];
  /** The number of leading columns that include everything that identifies rows. */
  width: number;
  /** Whether a foreign key from or to it may be deferred to COMMIT. */
  hasDeferrable: boolean;
}

/** A query for the facts of a table, whose result contains only ASCII. */
export const tableFactsQuery = (table: number): string =>
  `SELECT pg_catalog.encode(pg_catalog.convert_to(pg_catalog.dsql_local_table_facts(${table})::text, 'UTF8'), 'base64')`;

/** Parses the result of {@link tableFactsQuery}; a dropped table has no keys. */
export function parseTableFacts(base64: string | null | undefined): TableFacts {
  if (!base64) return { keys: [], foreignKeys: [], identities: [], width: 0, hasDeferrable: false };
  const facts = JSON.parse(Buffer.from(base64, "base64").toString()) as Omit<TableFacts, "width">;
  const columns = [...facts.keys, ...facts.foreignKeys].flatMap((key) => key.columns);
  return { ...facts, width: Math.max(-1, ...columns, ...facts.identities) + 1 };
}

/** Reads only the catalogs, so that it never waits for a lock on a table. */
export const tableFactsSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_base_type(type oid) RETURNS name
LANGUAGE sql STABLE SET search_path = pg_catalog AS $base$
  WITH RECURSIVE base(typname, typbasetype) AS (
    SELECT typname, typbasetype FROM pg_type WHERE oid = type
    UNION ALL SELECT t.typname, t.typbasetype FROM base JOIN pg_type AS t ON t.oid = base.typbasetype
  )
  SELECT typname FROM base WHERE typbasetype = 0
$base$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_table_facts(relation oid) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog AS $facts$
  WITH numbered_column AS (
    SELECT attnum, dsql_local_base_type(atttypid) AS type, attidentity,
      row_number() OVER (ORDER BY attnum) - 1 AS position FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
  )
  SELECT json_build_object(
    'keys', (SELECT coalesce(json_agg(json_build_object('index', indexrelid::int8, 'isPrimary', indisprimary,
        'nullsNotDistinct', indnullsnotdistinct, 'columns', columns, 'types', types)
        ORDER BY NOT indisprimary, indexrelid), '[]')
      FROM pg_index, LATERAL (
          SELECT json_agg(position ORDER BY n) AS columns, json_agg(type ORDER BY n) AS types
          FROM unnest(indkey::int2[]) WITH ORDINALITY AS key(attnum, n)
          JOIN numbered_column USING (attnum) WHERE n <= indnkeyatts) AS members
      WHERE indrelid = relation AND indisunique AND indislive AND indpred IS NULL AND indexprs IS NULL),
    'foreignKeys', (SELECT coalesce(json_agg(json_build_object('parentIndex', conindid::int8, 'columns', columns,
        'types', types, 'parentTypes', parent_types)), '[]')
      FROM pg_constraint JOIN pg_index AS i ON i.indexrelid = conindid, LATERAL (
          SELECT json_agg(position ORDER BY n) AS columns, json_agg(numbered_column.type ORDER BY n) AS types,
            json_agg(dsql_local_base_type(a.atttypid) ORDER BY n) AS parent_types
          FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key(parent, n)
          JOIN unnest(confkey, conkey) AS pair(parent, attnum) USING (parent) JOIN numbered_column USING (attnum)
          JOIN pg_attribute AS a ON a.attrelid = confrelid AND a.attnum = parent
          WHERE n <= i.indnkeyatts) AS members
      WHERE contype = 'f' AND conrelid = relation),
    'identities', (SELECT coalesce(json_agg(position), '[]') FROM numbered_column WHERE attidentity = 'a'),
    'hasDeferrable', EXISTS (SELECT FROM pg_constraint
      WHERE contype = 'f' AND condeferrable AND relation IN (conrelid, confrelid)))
$facts$;
`;
