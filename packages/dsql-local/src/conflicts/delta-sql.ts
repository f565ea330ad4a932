/**
 * What moves an open transaction's own changes about in its backend: writing them again after its locks were taken
 * away, and giving a transaction that is known to lose a private copy of the tables it writes.
 *
 * Both run without triggers and foreign keys, because the effects of those are among the changes. The script that makes
 * copies is put together by {@link "./sandbox-script.ts"}.
 */
export const deltaSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_columns(relation oid, for_update boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $columns$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND NOT (for_update AND attidentity = 'a')
$columns$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_replay(key text, changes jsonb, counted int) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog SET session_replication_role = replica
SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' AS $replay$
DECLARE
  change jsonb;
  relation regclass;
  place tid;
  places text[] := '{}';
BEGIN
  PERFORM dsql_local_check_call(key);
  PERFORM dsql_local_check_code(ARRAY(SELECT DISTINCT (value->>'table')::oid FROM jsonb_array_elements(changes)));
  FOR change IN SELECT value FROM jsonb_array_elements(changes) LOOP
    relation := (change->>'table')::oid::regclass;
    place := NULL;
    CASE change->>'op'
    WHEN 'D' THEN
      EXECUTE format('DELETE FROM ONLY %s WHERE ctid = $1 RETURNING ctid', relation)
        INTO place USING (change->>'at')::tid;
    WHEN 'U' THEN
      EXECUTE format('UPDATE ONLY %1$s SET (%2$s) = (SELECT %2$s FROM (SELECT ($1::%1$s).*) AS image) '
        'WHERE ctid = $2 RETURNING ctid', relation, dsql_local_columns(relation, true))
        INTO place USING change->>'row', (change->>'at')::tid;
    ELSE
      EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE '
        'SELECT %2$s FROM (SELECT ($1::%1$s).*) AS image RETURNING ctid', relation, dsql_local_columns(relation, false))
        INTO place USING change->>'row';
    END CASE;
    IF place IS NULL THEN
      RAISE EXCEPTION 'row is gone' USING ERRCODE = '40001';
    END IF;
    places := places || place::text;
  END LOOP;
  PERFORM postgres_set_config('dsql_local.rows', counted::text, true);
  RETURN array_to_string(places, ' ');
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
  EXECUTE script;
END $sandbox$;
`;
