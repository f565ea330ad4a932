/**
 * What moves an open transaction's own changes about in its backend: writing them again after its locks were taken
 * away, and giving a transaction that is known to lose a private copy of the tables it writes.
 *
 * Both run without triggers and foreign keys, because the effects of those are among the changes.
 */
export const deltaSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_columns(relation oid, for_update boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $columns$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND NOT (for_update AND attidentity = 'a')
$columns$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_replay(changes jsonb, counted int) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog SET session_replication_role = replica
SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' AS $replay$
DECLARE
  change jsonb;
  relation regclass;
  place tid;
  places text[] := '{}';
BEGIN
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
  PERFORM set_config('dsql_local.rows', counted::text, true);
  RETURN array_to_string(places, ' ');
END $replay$;

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

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_copy_table(relation oid, changes jsonb) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET session_replication_role = replica
SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' AS $copy$
DECLARE
  source text := relation::regclass;
  copy text;
  columns text := dsql_local_columns(relation, false);
  changed tid[];
  definition record;
BEGIN
  SELECT 'pg_temp.' || quote_ident(relname) INTO copy FROM pg_class WHERE oid = relation;
  EXECUTE format('CREATE TEMP TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED)',
    substr(copy, 9), source);
  FOR definition IN
    SELECT quote_ident(attname) AS name, pg_get_serial_sequence(source, attname) AS sequence
    FROM pg_attribute WHERE attrelid = relation AND attidentity <> '' AND NOT attisdropped
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT nextval(%L::regclass)',
      copy, definition.name, definition.sequence);
  END LOOP;
  FOR definition IN
    SELECT dsql_local_indexdef(i.indexrelid) AS index, quote_ident(c.conname) AS name, pg_get_constraintdef(c.oid) AS body
    FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
    WHERE i.indrelid = relation AND i.indisunique
  LOOP
    IF definition.name IS NULL THEN
      EXECUTE replace(definition.index, ' ON ' || source || ' USING ', ' ON ' || copy || ' USING ');
    ELSE
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %s %s', copy, definition.name, definition.body);
    END IF;
  END LOOP;
  SELECT array_agg((value->>'at')::tid) INTO changed FROM jsonb_array_elements(changes)
    WHERE (value->>'table')::oid = relation AND value ? 'at';
  EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM ONLY %3$s WHERE ctid <> ALL ($1)', copy, columns, source)
    USING coalesce(changed, '{}'::tid[]);
  EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM (SELECT (image::%3$s).* FROM unnest($1) AS image) AS images',
    copy, columns, source)
    USING ARRAY(SELECT value->>'row' FROM jsonb_array_elements(changes)
      WHERE (value->>'table')::oid = relation AND value ? 'row');
  EXECUTE format('GRANT ALL ON %s TO PUBLIC', copy);
END $copy$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_sandbox(tables oid[], changes jsonb, counted int, max_bytes bigint)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $sandbox$
DECLARE
  made oid[];
  size bigint;
  definition record;
BEGIN
  SELECT array_agg(relation) INTO made FROM dsql_local_linked(tables) AS relation
    WHERE to_regclass((SELECT 'pg_temp.' || quote_ident(relname) FROM pg_class WHERE oid = relation)) IS NULL;
  IF made IS NULL THEN
    RETURN '';
  END IF;
  SELECT sum(pg_relation_size(relation)) INTO size FROM unnest(made) AS relation;
  IF size > max_bytes THEN
    RAISE EXCEPTION 'too large to copy' USING ERRCODE = '40001';
  END IF;
  PERFORM dsql_local_copy_table(relation, changes) FROM unnest(made) AS relation;
  FOR definition IN
    SELECT quote_ident(k.conname) AS name, quote_ident(child.relname) AS child,
      replace(pg_get_constraintdef(k.oid), ' REFERENCES ' || k.confrelid::regclass || '(',
        ' REFERENCES pg_temp.' || quote_ident(parent.relname) || '(') AS body, k.convalidated
    FROM pg_constraint AS k JOIN pg_class AS child ON child.oid = k.conrelid
      JOIN pg_class AS parent ON parent.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conrelid = ANY (made)
  LOOP
    EXECUTE format('ALTER TABLE pg_temp.%s ADD CONSTRAINT %s %s', definition.child, definition.name, definition.body)
      || CASE WHEN definition.convalidated THEN ' NOT VALID' ELSE '' END;
  END LOOP;
  PERFORM dsql_local_watch_table(to_regclass('pg_temp.' || quote_ident(relname)))
    FROM pg_class WHERE oid = ANY (made);
  PERFORM set_config('dsql_local.rows', counted::text, true);
  RETURN (SELECT string_agg(relnamespace::regnamespace || '.' || relname, E'\\n') FROM pg_class WHERE oid = ANY (made));
END $sandbox$;
`;
