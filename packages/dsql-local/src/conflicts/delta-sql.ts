/**
 * SQL functions for an open transaction's changes: one replays them after its locks were released, the other gives a
 * transaction that is known to lose private copies of the tables it writes.
 *
 * Both run as a replica: without cascades and mark triggers, whose effects are already among the changes. Foreign key checks
 * are enabled for replicas too (see {@link "./mark-trigger-sql.ts"}); since one statement writes all rows, they see all of
 * them, and a deferred check runs at COMMIT. {@link "./sandbox-script.ts"} builds the script that creates the copies.
 */
export const deltaSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_columns(relation oid, for_update boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $columns$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND NOT (for_update AND attidentity = 'a')
$columns$;

-- Applies a format, in which %1$I is the column's name, to each of the given columns: a part of the statement that replays rows.
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_for_columns(relation oid, numbers int2[], pattern text, separator text)
RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $for$
  SELECT string_agg(format(pattern, attname), separator ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = relation AND attnum = ANY (numbers)
$for$;

-- Replays deletions, updates and insertions, in this order; returns "step:ctid" for each row of a table without a primary key.
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_replay(key text, changes jsonb) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog SET session_replication_role = replica
SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' AS $replay$
DECLARE
  part record;
  parts text[] := '{}';
  branches text[] := '{}';
  row_matches text;
  returned text;
  written int;
  moved text;
BEGIN
  PERFORM dsql_local_check_call(key);
  PERFORM dsql_local_check_code(ARRAY(SELECT DISTINCT (value->>'table')::oid FROM jsonb_array_elements(changes)));
  FOR part IN
    SELECT row_number() OVER (ORDER BY position(op IN 'DUI'), relation) AS i, op, relation, relation::regclass AS name,
      (SELECT indkey::int2[] FROM pg_index WHERE indrelid = relation AND indisprimary) AS primary_key,
      ARRAY(SELECT attnum FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
        AND attgenerated = '' AND NOT (op = 'U' AND attidentity = 'a')) AS columns
    FROM (SELECT DISTINCT value->>'op' AS op, (value->>'table')::oid AS relation FROM jsonb_array_elements(changes)) AS p
    ORDER BY 1
  LOOP
    row_matches := CASE WHEN part.primary_key IS NULL THEN 't.ctid = s.at'
      ELSE dsql_local_for_columns(part.relation, part.primary_key, 't.%1$I = (s.base).%1$I', ' AND ') END;
    returned := CASE WHEN part.primary_key IS NULL THEN 't.ctid' ELSE 'NULL::tid' END;
    parts := parts || format('s%1$s AS MATERIALIZED (SELECT n, (value#>>''{base,row}'')::%2$s AS base, (value->>''row'')::%2$s AS image, '
      '(value#>>''{base,ctid}'')::tid AS at FROM steps WHERE value->>''op'' = %3$L AND (value->>''table'')::oid = %4$s ORDER BY n)',
      part.i, part.name, part.op, part.relation);
    parts := parts || CASE part.op
      WHEN 'D' THEN format('p%1$s AS (DELETE FROM ONLY %2$s AS t USING s%1$s AS s WHERE %3$s RETURNING s.n, NULL::tid AS at)',
        part.i, part.name, row_matches)
      WHEN 'U' THEN format('p%1$s AS (UPDATE ONLY %2$s AS t SET %4$s FROM s%1$s AS s WHERE %3$s RETURNING s.n, %5$s AS at)',
        part.i, part.name, row_matches,
        dsql_local_for_columns(part.relation, part.columns, '%1$I = (s.image).%1$I', ', '), returned)
      ELSE format('w%1$s AS (INSERT INTO %2$s AS t (%3$s) OVERRIDING SYSTEM VALUE SELECT %4$s FROM s%1$s AS s ORDER BY n '
          'RETURNING %5$s AS at), p%1$s AS (SELECT n, at FROM (SELECT row_number() OVER () AS i, at FROM w%1$s) AS w '
          'JOIN (SELECT row_number() OVER (ORDER BY n) AS i, n FROM s%1$s) AS s USING (i))',
        part.i, part.name, dsql_local_for_columns(part.relation, part.columns, '%1$I', ', '),
        dsql_local_for_columns(part.relation, part.columns, '(s.image).%1$I', ', '), returned)
      END;
    branches := branches || format('SELECT n, at FROM p%s', part.i);
  END LOOP;
  EXECUTE format('WITH steps AS MATERIALIZED (SELECT value, n FROM jsonb_array_elements($1) WITH ORDINALITY AS s(value, n)), %s '
    'SELECT count(*), string_agg((n - 1) || '':'' || at, '' '') FROM (%s) AS written',
    array_to_string(parts, ', '), array_to_string(branches, ' UNION ALL ')) INTO written, moved USING changes;
  IF written <> jsonb_array_length(changes) THEN
    RAISE EXCEPTION 'row is gone' USING ERRCODE = '40001';
  END IF;
  RETURN moved;
END $replay$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_sandbox(key text, script text, tables oid[], max_bytes bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET session_replication_role = replica SET timezone = 'UTC' SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres' AS $sandbox$
BEGIN
  PERFORM dsql_local_check_call(key);
  PERFORM dsql_local_check_code(tables);
  IF (SELECT sum(pg_relation_size(relation)) FROM unnest(tables) AS relation) > max_bytes THEN
    RAISE EXCEPTION 'too large to copy' USING ERRCODE = '40001';
  END IF;
  EXECUTE convert_from(decode(script, 'base64'), 'UTF8');
END $sandbox$;
`;
