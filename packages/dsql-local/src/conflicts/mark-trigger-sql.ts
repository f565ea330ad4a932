import { MARK_SQLSTATE } from "./row-change.ts";

/** Makes a value's text, and the notice that carries it, the same in every session, so that all name a row alike. */
const SAME_TEXT = `SET client_encoding = 'UTF8' SET timezone = 'UTC' SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres' SET extra_float_digits = 1`;

/** Shorter rows break no limit of a row, a column or a key. */
const LONG_ROW_BYTES = 1900;

/**
 * The triggers that report changed rows to the session, and count a statement's rows against DSQL's limit.
 *
 * A notice reaches the session before the statement's own response, and cascades of foreign keys fire them too. Rows of a
 * table with a primary key are reported once for each statement; without one they are told apart by their ctids, which
 * only a trigger for each row can see.
 */
export const markTriggerSql = `
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_mark_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${SAME_TEXT} AS $mark$
DECLARE
  changed bigint;
  most bigint := coalesce(nullif(pg_catalog.postgres_current_setting('dsql_local.max_rows', true), ''), '3000')::bigint;
  before text;
  after text;
  longest int;
  place tid;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    SELECT pg_catalog.count(*), pg_catalog.json_agg(row_text)::text INTO changed, before
      FROM (SELECT t::text AS row_text FROM old_rows AS t LIMIT most + 1) AS rows;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    SELECT pg_catalog.count(*), pg_catalog.json_agg(row_text)::text, pg_catalog.max(pg_catalog.octet_length(row_text))
      INTO changed, after, longest FROM (SELECT t::text AS row_text FROM new_rows AS t LIMIT most + 1) AS rows;
  END IF;
  IF changed > most THEN
    RAISE EXCEPTION 'transaction row limit exceeded' USING ERRCODE = '54000';
  ELSIF changed > 0 THEN
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = coalesce(before, ''), HINT = coalesce(after, ''),
      MESSAGE = pg_catalog.pg_current_xact_id() || ' ' || TG_RELID || ' ' || pg_catalog.left(TG_OP, 1);
  END IF;
  IF TG_OP = 'UPDATE' AND longest > ${LONG_ROW_BYTES} THEN
    FOR place IN EXECUTE pg_catalog.format('SELECT t.ctid FROM new_rows AS n JOIN ONLY %s AS t ON %s '
        'WHERE pg_catalog.octet_length(n::text) > ${LONG_ROW_BYTES}', TG_RELID::regclass,
        pg_catalog.dsql_local_for_columns(TG_RELID, (SELECT i.indkey::int2[] FROM pg_catalog.pg_index AS i
          WHERE i.indrelid = TG_RELID AND i.indisprimary), 't.%1$I = n.%1$I', ' AND '))
    LOOP
      PERFORM pg_catalog.dsql_local_check_stored_row(TG_RELID, place);
    END LOOP;
  END IF;
  RETURN NULL;
END $mark$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_mark_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${SAME_TEXT} AS $mark$
DECLARE
  changed int := coalesce(nullif(postgres_current_setting('dsql_local.rows', true), ''), '0')::int + 1;
BEGIN
  IF changed > coalesce(nullif(postgres_current_setting('dsql_local.max_rows', true), ''), '3000')::int THEN
    RAISE EXCEPTION 'transaction row limit exceeded' USING ERRCODE = '54000';
  END IF;
  PERFORM postgres_set_config('dsql_local.rows', changed::text, true);
  IF TG_OP = 'INSERT' THEN
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', HINT = NEW::text,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'I', '-', NEW.ctid);
  ELSIF TG_OP = 'DELETE' THEN
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = OLD::text,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'D', OLD.ctid, '-');
  ELSE
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = OLD::text, HINT = NEW::text,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'U', OLD.ctid, NEW.ctid);
  END IF;
  RETURN NULL;
END $mark$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_row(relation oid, place tid, image record) RETURNS text
LANGUAGE plpgsql STABLE SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres'
SET extra_float_digits = 1 AS $row$
BEGIN
  RETURN relation || ' ' || place || ' ' || CASE WHEN pg_client_encoding() = 'UTF8' THEN image::text
    ELSE convert_to(image::text, 'UTF8')::text END;
END $row$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_watch_table(relation oid) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $watch$
DECLARE
  name regclass := relation;
BEGIN
  IF EXISTS (SELECT FROM pg_index WHERE indrelid = relation AND indisprimary) THEN
    EXECUTE format('CREATE TRIGGER "~dsql_local_mark_i" AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
      'FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.dsql_local_mark_rows()', name);
    EXECUTE format('CREATE TRIGGER "~dsql_local_mark_u" AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
      'FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.dsql_local_mark_rows()', name);
    EXECUTE format('CREATE TRIGGER "~dsql_local_mark_d" AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
      'FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.dsql_local_mark_rows()', name);
  ELSE
    EXECUTE format('CREATE TRIGGER "~dsql_local_mark" AFTER INSERT OR UPDATE OR DELETE ON %s '
      'FOR EACH ROW EXECUTE FUNCTION pg_catalog.dsql_local_mark_row()', name);
  END IF;
  UPDATE pg_trigger SET tgisinternal = true WHERE tgrelid = relation AND tgname LIKE '~dsql\\_local\\_mark%';
END $watch$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_watch_new_tables() RETURNS event_trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $new$
DECLARE
  made record;
  check_trigger record;
BEGIN
  FOR made IN
    SELECT objid, object_identity, command_tag = 'CREATE TABLE'
      AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = objid AND tgname LIKE '~dsql\\_local\\_mark%') AS is_new
    FROM pg_event_trigger_ddl_commands()
    WHERE classid = 'pg_class'::regclass AND object_type = 'table' AND schema_name NOT IN ('sys', 'pg_catalog', 'pg_temp')
  LOOP
    IF made.is_new THEN
      PERFORM dsql_local_watch_table(made.objid);
    END IF;
    -- What is written again is checked too, and rows that COMMIT has yet to check.
    FOR check_trigger IN
      SELECT tgrelid::regclass AS relation, tgname FROM pg_trigger JOIN pg_constraint AS c ON c.oid = tgconstraint
      WHERE c.contype = 'f' AND made.objid IN (c.conrelid, c.confrelid) AND tgenabled = 'O' AND tgfoid = ANY (ARRAY[
        '"RI_FKey_check_ins"'::regproc, '"RI_FKey_check_upd"', '"RI_FKey_noaction_del"', '"RI_FKey_noaction_upd"'])
    LOOP
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', check_trigger.relation, check_trigger.tgname);
    END LOOP;
  END LOOP;
END $new$;

DROP EVENT TRIGGER IF EXISTS dsql_local_watch_new_tables;
CREATE EVENT TRIGGER dsql_local_watch_new_tables ON ddl_command_end
  WHEN TAG IN ('CREATE TABLE', 'CREATE SCHEMA', 'ALTER TABLE')
  EXECUTE FUNCTION pg_catalog.dsql_local_watch_new_tables();
`;
