/** A unique index without a predicate or an expression; columns are positions in a row's text. */
export interface UniqueKey {
  index: number;
  columns: number[];
  nullsNotDistinct: boolean;
  isPrimary: boolean;
}

/** A foreign key: which columns hold the value that the parent's unique index is searched for, in its order. */
export interface ForeignKey {
  parentIndex: number;
  columns: number[];
}

/** What must be known of a table to name its rows. */
export interface TableFacts {
  keys: UniqueKey[];
  foreignKeys: ForeignKey[];
}

export const tableFactsSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_table_facts(relation oid) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog AS $facts$
  WITH place AS (
    SELECT attnum, row_number() OVER (ORDER BY attnum) - 1 AS position FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
  )
  SELECT json_build_object(
    'keys', (SELECT coalesce(json_agg(json_build_object('index', indexrelid::int8, 'isPrimary', indisprimary,
        'nullsNotDistinct', indnullsnotdistinct, 'columns', (
          SELECT json_agg(position ORDER BY n) FROM unnest(indkey::int2[]) WITH ORDINALITY AS key(attnum, n)
          JOIN place USING (attnum) WHERE n <= indnkeyatts)) ORDER BY NOT indisprimary, indexrelid), '[]')
      FROM pg_index WHERE indrelid = relation AND indisunique AND indislive AND indpred IS NULL AND indexprs IS NULL),
    'foreignKeys', (SELECT coalesce(json_agg(json_build_object('parentIndex', conindid::int8, 'columns', (
          SELECT json_agg(position ORDER BY n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key(parent, n)
          JOIN unnest(confkey, conkey) AS pair(parent, attnum) USING (parent) JOIN place USING (attnum)
          WHERE n <= i.indnkeyatts))), '[]')
      FROM pg_constraint JOIN pg_index AS i ON i.indexrelid = conindid
      WHERE contype = 'f' AND conrelid = relation))
$facts$;
`;
