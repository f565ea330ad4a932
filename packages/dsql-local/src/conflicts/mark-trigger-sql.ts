import { MARK_SQLSTATE } from "./row-change.ts";

/** Makes a value's text, and the notice that carries it, the same in every session, so that all identify a row by the same text. */
const SAME_TEXT = `SET client_encoding = 'UTF8' SET timezone = 'UTC' SET datestyle = 'ISO, MDY'
SET intervalstyle = 'postgres' SET extra_float_digits = 1`;

/** Shorter rows cannot exceed a limit on the size of a row, a column or a key. */
const LONG_ROW_BYTES = 1900;

/** An UPDATE of at least this many rows reports only their keys, which costs less than reporting whole rows. */
const MANY_ROWS = 100;

/**
 * The triggers that report changed rows to the session in notices, and check their number against DSQL's limit.
 *
 * A notice reaches the session before the statement's own response, and foreign key cascades fire the triggers too. Rows of
 * a table with a primary key are reported once per statement; without one they are identified by their ctids, which only a
 * row-level trigger can see.
 *
 * An UPDATE of many rows reports only the columns that identify them; dsql_local_images reads the rest if it is needed.
 */
export const markTriggerSql = `
-- How an UPDATE of a table reports only keys: its columns, 1 for each that is reported, and a query of the transition tables.
-- NULL if the type of a column is a domain: reading a partial row as a whole one would run the domain's checks.
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_key_report(relation oid, OUT columns text, OUT query text) LANGUAGE plpgsql
STABLE SET search_path = pg_catalog AS $report$
DECLARE
  key_columns int2[] := ARRAY(
    SELECT unnest(indkey::int2[]) FROM pg_index WHERE indrelid = relation AND indisunique
    UNION ALL SELECT unnest(conkey) FROM pg_constraint WHERE conrelid = relation AND contype = 'f'
    UNION ALL SELECT attnum FROM pg_attribute WHERE attrelid = relation AND attidentity <> '');
BEGIN
  SELECT string_agg(CASE WHEN attnum = ANY (key_columns) THEN '1' ELSE '0' END, '' ORDER BY attnum),
    format('SELECT o.keys, nullif(n.keys, o.keys), n.longest, n.bytes FROM (SELECT %1$s AS keys FROM old_rows) AS o, '
      '(SELECT %1$s AS keys, pg_catalog.max(%2$s) AS longest, pg_catalog.sum(%2$s) AS bytes FROM new_rows) AS n',
      string_agg(format('pg_catalog.array_agg(%I)::text', attname), ' || ' ORDER BY attnum)
        FILTER (WHERE attnum = ANY (key_columns)),
      string_agg(CASE WHEN attlen > 0 THEN attlen::text
        WHEN atttypid = ANY ('{text,varchar,bpchar,bytea}'::regtype[]) THEN format('coalesce(pg_catalog.octet_length(%I), 0)', attname)
        ELSE format('coalesce(pg_catalog.octet_length(%I::text), 0)', attname) END, ' + '))
    INTO columns, query
    FROM pg_attribute JOIN pg_type AS t ON t.oid = atttypid WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    HAVING NOT bool_or(typtype = 'd');
END $report$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_mark_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER ${SAME_TEXT} AS $mark$
DECLARE
  changed bigint;
  most bigint := coalesce(nullif(pg_catalog.postgres_current_setting('dsql_local.max_rows', true), ''), '3000')::bigint;
  before text;
  after text;
  bytes bigint;
  longest int;
  row_ctid tid;
  key_columns text;
  key_query text;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT pg_catalog.count(*) INTO changed FROM (SELECT FROM new_rows LIMIT most + 1) AS rows;
    IF changed BETWEEN ${MANY_ROWS} AND most THEN
      SELECT r.columns, r.query INTO key_columns, key_query FROM pg_catalog.dsql_local_key_report(TG_RELID) AS r;
    END IF;
  END IF;
  IF key_query IS NOT NULL THEN
    EXECUTE key_query INTO before, after, longest, bytes;
  ELSE
    IF TG_OP <> 'INSERT' THEN
      SELECT pg_catalog.count(*), pg_catalog.json_agg(row_text)::text, pg_catalog.sum(pg_catalog.octet_length(row_text))
        INTO changed, before, bytes FROM (SELECT "~row"::text AS row_text FROM old_rows AS "~row" LIMIT most + 1) AS rows;
    END IF;
    IF TG_OP <> 'DELETE' THEN
      SELECT pg_catalog.count(*), pg_catalog.json_agg(row_text)::text, pg_catalog.max(pg_catalog.octet_length(row_text)),
        pg_catalog.sum(pg_catalog.octet_length(row_text)) INTO changed, after, longest, bytes
        FROM (SELECT "~row"::text AS row_text FROM new_rows AS "~row" LIMIT most + 1) AS rows;
    END IF;
  END IF;
  IF changed > most THEN
    RAISE EXCEPTION 'transaction row limit exceeded' USING ERRCODE = '54000';
  ELSIF changed > 0 THEN
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = coalesce(before, ''), HINT = coalesce(after, ''),
      MESSAGE = pg_catalog.pg_current_xact_id() || ' ' || TG_RELID || ' ' || pg_catalog.left(TG_OP, 1)
        || ' ' || changed || ' ' || bytes || coalesce(' ' || key_columns, '');
  END IF;
  IF TG_OP = 'UPDATE' AND longest > ${LONG_ROW_BYTES} THEN
    FOR row_ctid IN EXECUTE pg_catalog.format('SELECT t.ctid FROM new_rows AS "~row" JOIN ONLY %s AS t ON %s '
        'WHERE pg_catalog.octet_length("~row"::text) > ${LONG_ROW_BYTES}', TG_RELID::regclass,
        pg_catalog.dsql_local_for_columns(TG_RELID, (SELECT i.indkey::int2[] FROM pg_catalog.pg_index AS i
          WHERE i.indrelid = TG_RELID AND i.indisprimary), 't.%1$I = "~row".%1$I', ' AND '))
    LOOP
      PERFORM pg_catalog.dsql_local_check_stored_row(TG_RELID, row_ctid);
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
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'I', 1, '-', '-', NEW.ctid);
  ELSIF TG_OP = 'DELETE' THEN
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = OLD::text,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'D', 1, '-', OLD.ctid, '-');
  ELSE
    RAISE NOTICE USING ERRCODE = '${MARK_SQLSTATE}', DETAIL = OLD::text, HINT = NEW::text,
      MESSAGE = concat_ws(' ', pg_current_xact_id(), TG_RELID, 'U', 1, '-', OLD.ctid, NEW.ctid);
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

-- The current rows with the primary keys of the given rows, in the same order: JSON in base64.
CREATE OR REPLACE FUNCTION pg_catalog.dsql_local_images(key text, relation oid, rows jsonb) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres'
SET extra_float_digits = 1 AS $images$
DECLARE
  images text;
BEGIN
  PERFORM dsql_local_check_call(key);
  EXECUTE format('SELECT encode(convert_to(json_agg("~row"::text ORDER BY s.place)::text, ''UTF8''), ''base64'') '
    'FROM (SELECT place, value::%1$s AS wanted FROM jsonb_array_elements_text($1) WITH ORDINALITY AS s(value, place) OFFSET 0) AS s '
    'JOIN ONLY %1$s AS "~row" ON %2$s', relation::regclass, dsql_local_for_columns(relation,
      (SELECT indkey::int2[] FROM pg_index WHERE indrelid = relation AND indisprimary), '"~row".%1$I = (s.wanted).%1$I', ' AND '))
    INTO images USING rows;
  RETURN images;
END $images$;

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
    -- Foreign keys are checked for replayed rows too, and for rows whose check is deferred to COMMIT.
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
