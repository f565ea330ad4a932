/**
 * Limits on the size of a row (2 MiB), of a column (1 MiB; less for varchar and char), and of the columns of an index's key
 * and of the primary key together (1,981 bytes). From the user guide, "Cluster quotas and database limits", but the last was
 * observed on a cluster, as was that compressed values count as they are stored.
 *
 * A trigger of each table checks the rows that are long enough to exceed a limit; short ones cost no more than its WHEN
 * condition. It fires after the row is stored, because only then its values are compressed.
 */
export const ROW_LIMITS_SQL = `
CREATE FUNCTION pg_catalog.dsql_local_check_stored_row(relation oid, row_ctid tid) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog AS $check$
DECLARE
  attribute record;
  -- Bytes of a value as it was written, and as it is stored.
  size int;
  stored int;
  column_limit int;
  sizes int[] := '{}';
  text_types oid[] := '{text,varchar,bpchar,bytea}'::regtype[]::oid[];
  compressed_types oid[] := '{text,varchar,bpchar,json,jsonb}'::regtype[]::oid[];
  primary_key int2[] := ARRAY(SELECT unnest(indkey::int2[]) FROM pg_index WHERE indrelid = relation AND indisprimary);
  row_size int := 0;
BEGIN
  FOR attribute IN SELECT attnum, attname, atttypid FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
  LOOP
    -- Of a long value that is not a text, without PostgreSQL's header of four bytes.
    EXECUTE format('SELECT %s, pg_column_size(%I) FROM ONLY %s WHERE ctid = $1',
      CASE WHEN attribute.atttypid = ANY (text_types) THEN format('octet_length(%I)', attribute.attname)
        ELSE format('pg_column_size(%1$I) - CASE WHEN pg_column_size(%1$I) > 128 THEN 4 ELSE 0 END', attribute.attname) END,
      attribute.attname, relation::regclass) INTO size, stored USING row_ctid;
    size := coalesce(size, 0);
    -- PostgreSQL compresses only the values of long rows.
    stored := CASE WHEN size > 2000 AND attribute.atttypid = ANY (compressed_types) THEN least(stored, size) ELSE size END;
    sizes[attribute.attnum] := size;
    column_limit := CASE attribute.atttypid WHEN 'varchar'::regtype THEN 65535 WHEN 'bpchar'::regtype THEN 4096 ELSE 1048576 END;
    IF coalesce(stored, 0) > column_limit THEN
      RAISE EXCEPTION 'datatype limit greater than % bytes not supported for %', column_limit, CASE attribute.atttypid
        WHEN 'bpchar'::regtype THEN 'char' WHEN 'varchar'::regtype THEN 'varchar'
        ELSE format_type(attribute.atttypid, NULL) END USING ERRCODE = '54000';
    END IF;
    row_size := row_size + coalesce(stored, 0);
  END LOOP;
  IF row_size > 2097152 THEN
    RAISE EXCEPTION 'maximum row size exceeded' USING ERRCODE = '54000';
  END IF;
  -- The longest key: a column that is in an index's key and in the primary key counts once.
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
  new_table record;
BEGIN
  FOR new_table IN
    SELECT objid FROM pg_event_trigger_ddl_commands()
    WHERE classid = 'pg_class'::regclass AND object_type = 'table' AND command_tag = 'CREATE TABLE'
      AND schema_name NOT IN ('sys', 'pg_catalog', 'pg_temp')
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = objid AND tgname = '~dsql_local_limits')
  LOOP
    EXECUTE format('CREATE TRIGGER "~dsql_local_limits" AFTER INSERT ON %s FOR EACH ROW '
      'WHEN (pg_column_size(NEW) > 1900) EXECUTE FUNCTION pg_catalog.dsql_local_check_limits()', new_table.objid::regclass);
    -- With a primary key, the trigger that reports changed rows to the endpoint (dsql_local_mark) checks updated ones, whose
    -- texts it has. Otherwise a trigger after UPDATE does: one before UPDATE would lock the row as if its key had changed.
    CONTINUE WHEN EXISTS (SELECT FROM pg_index WHERE indrelid = new_table.objid AND indisprimary);
    EXECUTE format('CREATE TRIGGER "~dsql_local_limits_update" AFTER UPDATE ON %s FOR EACH ROW '
      'WHEN (octet_length(NEW::text) > 1900) EXECUTE FUNCTION pg_catalog.dsql_local_check_limits()', new_table.objid::regclass);
  END LOOP;
  -- Clients such as psql do not show internal triggers.
  UPDATE pg_trigger SET tgisinternal = true WHERE NOT tgisinternal AND tgname LIKE '~dsql\\_local\\_limits%';
END $new$;

CREATE EVENT TRIGGER dsql_local_limit_new_tables ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE SCHEMA')
  EXECUTE FUNCTION pg_catalog.dsql_local_limit_new_tables();
`;
