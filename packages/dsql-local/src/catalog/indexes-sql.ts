/**
 * Indexes as DSQL's catalog shows them: of the access method `btree_index`, and a primary key with INCLUDE of all other
 * columns. The catalog pg_am is renamed, which PostgreSQL itself does not notice, and a view takes its name.
 */
export const INDEXES_SQL = `
ALTER TABLE pg_catalog.pg_am RENAME TO dsql_local_am;
CREATE VIEW pg_catalog.pg_am AS
  SELECT oid, CASE amname WHEN 'btree' THEN 'btree_index'::name ELSE amname END AS amname, amhandler, amtype
  FROM pg_catalog.dsql_local_am;
GRANT SELECT ON pg_catalog.pg_am TO PUBLIC;
REVOKE ALL ON pg_catalog.dsql_local_am FROM PUBLIC;

ALTER FUNCTION pg_catalog.pg_get_indexdef(oid) RENAME TO dsql_local_indexdef;
ALTER FUNCTION pg_catalog.pg_get_indexdef(oid, int, boolean) RENAME TO dsql_local_indexdef;

CREATE FUNCTION pg_catalog.dsql_local_show_index(index oid, definition text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog AS $show$
  SELECT regexp_replace(definition, ' USING btree (?=\\()', ' USING btree_index ') || coalesce((
    SELECT ' INCLUDE (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
    FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid
    WHERE i.indexrelid = index AND i.indisprimary AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attnum <> ALL (i.indkey::int2[])), '')
$show$;

CREATE FUNCTION pg_catalog.pg_get_indexdef(oid) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER AS $$
  SELECT pg_catalog.dsql_local_show_index($1, pg_catalog.dsql_local_indexdef($1)) $$;
CREATE FUNCTION pg_catalog.pg_get_indexdef(oid, int, boolean) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
SECURITY DEFINER AS $$
  SELECT CASE WHEN $2 = 0 THEN pg_catalog.dsql_local_show_index($1, pg_catalog.dsql_local_indexdef($1, 0, $3))
    ELSE pg_catalog.dsql_local_indexdef($1, $2, $3) END $$;

CREATE OR REPLACE VIEW pg_catalog.pg_indexes AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname, t.spcname AS tablespace,
    pg_catalog.pg_get_indexdef(i.oid) AS indexdef
  FROM pg_catalog.pg_index AS x
    JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
    JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = i.reltablespace
  WHERE c.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I');

-- DSQL does not fill it.
CREATE OR REPLACE VIEW pg_catalog.pg_stat_user_indexes AS SELECT * FROM pg_catalog.pg_stat_all_indexes WHERE false;
`;
