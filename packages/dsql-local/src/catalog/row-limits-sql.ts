/**
 * Limits on the size of a row, a column and a key (user guide, "Cluster quotas and database limits"; the 1,981 bytes of
 * an index's key and the primary key together, and that compressed values count as stored, were observed on a cluster).
 *
 * A trigger of each table looks at rows that are long enough to break one; its condition is all that short rows cost.
 * It comes after the row is stored, since only then its values are compressed.
 */
export const ROW_LIMITS_SQL = `
CREATE FUNCTION pg_catalog.dsql_local_check_stored_row(relation oid, place tid) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog AS $check$
DECLARE
  attribute record;
  stored int;
  size int;
  longest int;
  sizes int[] := '{}';
  texts oid[] := '{text,varchar,bpchar,bytea}'::regtype[]::oid[];
  compressed oid[] := '{text,varchar,bpchar,json,jsonb}'::regtype[]::oid[];
  primary_key int2[] := ARRAY(SELECT unnest(indkey::int2[]) FROM pg_index WHERE indrelid = relation AND indisprimary);
  total int := 0;
BEGIN
  FOR attribute IN SELECT attnum, attname, atttypid FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
  LOOP
    -- The length as it was written, and the bytes that are stored.
    EXECUTE format('SELECT %s, pg_column_size(%I) FROM ONLY %s WHERE ctid = $1',
      CASE WHEN attribute.atttypid = ANY (texts) THEN format('octet_length(%I)', attribute.attname)
        ELSE format('pg_column_size(%1$I) - CASE WHEN pg_column_size(%1$I) > 128 THEN 4 ELSE 0 END', attribute.attname) END,
      attribute.attname, relation::regclass) INTO size, stored USING place;
    size := coalesce(size, 0);
    stored := CASE WHEN size > 2000 AND attribute.atttypid = ANY (compressed) THEN least(stored, size) ELSE size END;
    sizes[attribute.attnum] := size;
    longest := CASE attribute.atttypid WHEN 'varchar'::regtype THEN 65535 WHEN 'bpchar'::regtype THEN 4096 ELSE 1048576 END;
    IF coalesce(stored, 0) > longest THEN
      RAISE EXCEPTION 'datatype limit greater than % bytes not supported for %', longest, CASE attribute.atttypid
        WHEN 'bpchar'::regtype THEN 'char' WHEN 'varchar'::regtype THEN 'varchar'
        ELSE format_type(attribute.atttypid, NULL) END USING ERRCODE = '54000';
    END IF;
    total := total + coalesce(stored, 0);
  END LOOP;
  IF total > 2097152 THEN
    RAISE EXCEPTION 'maximum row size exceeded' USING ERRCODE = '54000';
  END IF;
  SELECT max((SELECT sum(sizes[key]) FROM (SELECT unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS key
      UNION SELECT unnest(primary_key)) AS keys))
    INTO size FROM pg_index AS i WHERE i.indrelid = relation AND i.indisready;
  IF size > 1981 THEN
    RAISE EXCEPTION 'key size too large' USING ERRCODE = '54000';
  END IF;
END $check$;

CREATE FUNCTION pg_catalog.dsql_local_check_limits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $check$
BEGIN
  PERFORM dsql_local_check_stored_row(TG_RELID, NEW.ctid);
  RETURN NULL;
END $check$;

CREATE FUNCTION pg_catalog.dsql_local_limit_new_tables() RETURNS event_trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $new$
DECLARE
  made record;
BEGIN
  FOR made IN
    SELECT objid FROM pg_event_trigger_ddl_commands()
    WHERE classid = 'pg_class'::regclass AND object_type = 'table' AND command_tag = 'CREATE TABLE'
      AND schema_name NOT IN ('sys', 'pg_catalog', 'pg_temp')
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = objid AND tgname = '~dsql_local_limits')
  LOOP
    EXECUTE format('CREATE TRIGGER "~dsql_local_limits" AFTER INSERT ON %s FOR EACH ROW '
      'WHEN (pg_column_size(NEW) > 1900) EXECUTE FUNCTION pg_catalog.dsql_local_check_limits()', made.objid::regclass);
    -- A trigger before UPDATE would lock the row as if its key had changed, wherever SET names a key column. Where there is
    -- a primary key, the trigger that reports changed rows checks long ones: it has their texts.
    CONTINUE WHEN EXISTS (SELECT FROM pg_index WHERE indrelid = made.objid AND indisprimary);
    EXECUTE format('CREATE TRIGGER "~dsql_local_limits_update" AFTER UPDATE ON %s FOR EACH ROW '
      'WHEN (octet_length(NEW::text) > 1900) EXECUTE FUNCTION pg_catalog.dsql_local_check_limits()', made.objid::regclass);
  END LOOP;
  UPDATE pg_trigger SET tgisinternal = true WHERE NOT tgisinternal AND tgname LIKE '~dsql\\_local\\_limits%';
END $new$;

CREATE EVENT TRIGGER dsql_local_limit_new_tables ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE SCHEMA')
  EXECUTE FUNCTION pg_catalog.dsql_local_limit_new_tables();
`;
