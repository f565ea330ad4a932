/** SQLSTATE of the notices by which a row change is told to the session; no client ever sees one. */
export const MARK_SQLSTATE = "DQ001";

/**
 * The trigger that tells the session of each changed row, and counts rows against DSQL's limit.
 *
 * A notice reaches the session before the statement's own answer, and cascades of foreign keys fire it too.
 * Its settings make a value's text the same in every session, so that two sessions name a row alike.
 */
export const markTriggerSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_mark() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET extra_float_digits = 1 AS $mark$
DECLARE
  written text;
  bytes bigint;
  changed int := coalesce(nullif(postgres_current_setting('dsql_local.rows', true), ''), '0')::int + 1;
BEGIN
  IF changed > coalesce(nullif(postgres_current_setting('dsql_local.max_rows', true), ''), '3000')::int THEN
    RAISE EXCEPTION 'transaction row limit exceeded' USING ERRCODE = '54000';
  END IF;
  PERFORM postgres_set_config('dsql_local.rows', changed::text, true);
  IF TG_OP <> 'DELETE' THEN
    written := NEW::text;
    IF octet_length(written) > 3000 AND coalesce(postgres_current_setting('dsql_local.in_transaction', true), '') <> 'on' THEN
      bytes := coalesce(nullif(postgres_current_setting('dsql_local.bytes', true), ''), '0')::bigint + octet_length(written);
      PERFORM dsql_local_check_size(bytes);
      PERFORM postgres_set_config('dsql_local.bytes', bytes::text, true);
    END IF;
  END IF;
  IF TG_OP = 'INSERT' THEN
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', HINT = written,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'I', '-', NEW.ctid);
  ELSIF TG_OP = 'DELETE' THEN
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = OLD::text,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'D', OLD.ctid, '-');
  ELSE
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = OLD::text, HINT = written,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'U', OLD.ctid, NEW.ctid);
  END IF;
  RETURN NULL;
END $mark$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_check_size(bytes bigint) RETURNS void LANGUAGE plpgsql AS $size$
DECLARE most bigint := coalesce(nullif(postgres_current_setting('dsql_local.max_bytes', true), ''), '10485760')::bigint;
BEGIN
  IF bytes > most THEN
    RAISE EXCEPTION USING ERRCODE = '54000',
      MESSAGE = format('transaction size limit %smb exceeded', ceil(most / 1048576.0)),
      DETAIL = format('Current transaction size %smb > %smb', ceil(bytes / 1048576.0), ceil(most / 1048576.0));
  END IF;
END $size$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_row(relation oid, place tid, image record) RETURNS text
LANGUAGE plpgsql STABLE SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres'
SET extra_float_digits = 1 AS $row$
BEGIN
  RETURN relation || ' ' || place || ' ' || image::text;
END $row$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_watch_table(relation oid) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $watch$
BEGIN
  EXECUTE format('CREATE TRIGGER "~dsql_local_mark" AFTER INSERT OR UPDATE OR DELETE ON %s '
    'FOR EACH ROW EXECUTE FUNCTION pg_catalog.dsql_local_mark()', relation::regclass);
  UPDATE pg_trigger SET tgisinternal = true WHERE tgrelid = relation AND tgname = '~dsql_local_mark';
END $watch$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_watch_new_tables() RETURNS event_trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $new$
DECLARE made record;
BEGIN
  FOR made IN
    SELECT objid FROM pg_event_trigger_ddl_commands()
    WHERE classid = 'pg_class'::regclass AND object_type = 'table' AND command_tag = 'CREATE TABLE'
      AND schema_name NOT IN ('sys', 'pg_catalog', 'pg_temp')
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = objid AND tgname = '~dsql_local_mark')
  LOOP
    PERFORM dsql_local_watch_table(made.objid);
  END LOOP;
END $new$;

DROP EVENT TRIGGER IF EXISTS dsql_local_watch_new_tables;
CREATE EVENT TRIGGER dsql_local_watch_new_tables ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE SCHEMA')
  EXECUTE FUNCTION pg_catalog.dsql_local_watch_new_tables();
`;
