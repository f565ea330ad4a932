import { JOB_ID_PARAMETER } from "./replayed-ddl.ts";

/** The channel that notifies the runner of a committed job. */
export const JOB_CHANNEL = "dsql_local_jobs";

/**
 * Asynchronous jobs inside PostgreSQL: their table, the view sys.jobs, and the functions that CREATE INDEX ASYNC and ALTER TABLE
 * ASYNC are translated to.
 *
 * An index is created at once, in the transaction of the statement, but marked invalid until its job is done; a unique one
 * is created without checking existing rows, which is the job's work, and enforced for new rows from the start.
 * `NOTIFY` is sent only at COMMIT, so a job starts then, and never for a transaction that rolls back.
 */
export const JOBS_SQL = `
CREATE SCHEMA sys;
GRANT USAGE ON SCHEMA sys TO PUBLIC;

CREATE TABLE pg_catalog.dsql_local_job (
  job_id text PRIMARY KEY, status text NOT NULL DEFAULT 'submitted', details text, job_type text NOT NULL,
  class_id oid NOT NULL, object_id oid NOT NULL, object_name text, work text,
  start_time timestamptz NOT NULL DEFAULT clock_timestamp(), update_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE VIEW sys.jobs AS
  SELECT job_id, status, details, job_type, class_id, object_id, object_name,
    date_trunc('second', start_time) AS start_time, date_trunc('second', update_time) AS update_time
  FROM pg_catalog.dsql_local_job
  WHERE status NOT IN ('completed', 'failed') OR update_time > now() - interval '30 minutes';
GRANT SELECT ON sys.jobs TO PUBLIC;

CREATE FUNCTION pg_catalog.dsql_local_job_id() RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $id$
DECLARE
  bits bit varying := '';
  bytes bytea := uuid_send(gen_random_uuid());
  id text := '';
BEGIN
  FOR at IN 0..15 LOOP
    bits := bits || get_byte(bytes, at)::bit(8);
  END LOOP;
  bits := bits || B'00';
  FOR at IN 0..25 LOOP
    id := id || substr('abcdefghijklmnopqrstuvwxyz234567', substring(bits FROM at * 5 + 1 FOR 5)::bit(5)::int + 1, 1);
  END LOOP;
  RETURN id;
END $id$;

CREATE FUNCTION pg_catalog.dsql_local_submit(kind text, class oid, object oid, name text, work text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog AS $submit$
DECLARE id text := coalesce(nullif(postgres_current_setting('${JOB_ID_PARAMETER}', true), ''), dsql_local_job_id());
BEGIN
  INSERT INTO dsql_local_job (job_id, job_type, class_id, object_id, object_name, work)
    VALUES (id, kind, class, object, name, work);
  PERFORM pg_notify('${JOB_CHANNEL}', id);
  RETURN id;
END $submit$;
REVOKE EXECUTE ON FUNCTION pg_catalog.dsql_local_submit FROM PUBLIC;

CREATE FUNCTION pg_catalog.dsql_local_check_owner(relation oid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $owner$
BEGIN
  IF NOT (SELECT pg_has_role(session_user, relowner, 'USAGE') FROM pg_class WHERE oid = relation) THEN
    RAISE EXCEPTION 'must be owner of table %', (SELECT relname FROM pg_class WHERE oid = relation) USING ERRCODE = '42501';
  END IF;
END $owner$;

CREATE FUNCTION pg_catalog.dsql_local_submit_index(index oid, make_unique boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $submit_index$
BEGIN
  PERFORM dsql_local_check_owner(index);
  UPDATE pg_index SET indisvalid = false, indisunique = make_unique WHERE indexrelid = index;
  RETURN dsql_local_submit('INDEX_BUILD', 'pg_class'::regclass, index,
    (SELECT format('%s.%s', relnamespace::regnamespace, quote_ident(relname)) FROM pg_class WHERE oid = index), NULL);
END $submit_index$;

CREATE FUNCTION pg_catalog.dsql_local_key_type(type oid) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $key$
  WITH RECURSIVE base(oid, typbasetype) AS (
    SELECT oid, typbasetype FROM pg_type WHERE oid = type
    UNION ALL SELECT t.oid, t.typbasetype FROM base JOIN pg_type AS t ON t.oid = base.typbasetype
  )
  SELECT format_type(oid, NULL) FROM base
  WHERE oid IN ('timetz'::regtype, 'interval'::regtype, 'bytea'::regtype, 'json'::regtype, 'jsonb'::regtype)
$key$;

CREATE FUNCTION pg_catalog.dsql_local_create_index(ddl text, target text, keys text[], make_unique boolean)
RETURNS SETOF text LANGUAGE plpgsql AS $create$
DECLARE
  relation oid := pg_catalog.to_regclass(target);
  before oid[] := ARRAY(SELECT i.indexrelid FROM pg_catalog.pg_index AS i WHERE i.indrelid OPERATOR(pg_catalog.=) relation);
  made oid;
  refused text;
BEGIN
  SELECT pg_catalog.dsql_local_key_type(a.atttypid) INTO refused FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attname OPERATOR(pg_catalog.=) ANY (keys::name[])
      AND pg_catalog.dsql_local_key_type(a.atttypid) IS NOT NULL LIMIT 1;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'datatype % is not supported in a key', refused USING ERRCODE = '0A000';
  END IF;
  EXECUTE ddl;
  SELECT i.indexrelid INTO made FROM pg_catalog.pg_index AS i
    WHERE i.indrelid OPERATOR(pg_catalog.=) relation AND i.indexrelid OPERATOR(pg_catalog.<>) ALL (before);
  IF made IS NULL THEN
    RETURN;
  END IF;
  IF pg_catalog.cardinality(before) OPERATOR(pg_catalog.>=) 24 THEN
    RAISE EXCEPTION 'more than 24 indexes per table are not allowed' USING ERRCODE = '54000';
  END IF;
  SELECT pg_catalog.dsql_local_key_type(a.atttypid) INTO refused FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) a.attrelid
    WHERE a.attrelid OPERATOR(pg_catalog.=) made AND a.attnum OPERATOR(pg_catalog.<=) i.indnkeyatts
      AND pg_catalog.dsql_local_key_type(a.atttypid) IS NOT NULL LIMIT 1;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'datatype % is not supported in a key', refused USING ERRCODE = '0A000';
  END IF;
  IF (SELECT pg_catalog.sum(a.atttypmod OPERATOR(pg_catalog.-) 4) OPERATOR(pg_catalog.>) 2000
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) a.attrelid
    WHERE a.attrelid OPERATOR(pg_catalog.=) made AND a.attnum OPERATOR(pg_catalog.<=) i.indnkeyatts
      AND a.atttypid OPERATOR(pg_catalog.=) ANY ('{varchar,bpchar}'::regtype[]) AND a.atttypmod OPERATOR(pg_catalog.>) 0) THEN
    RAISE EXCEPTION 'key size greater than 2000 bytes not supported' USING ERRCODE = '54000';
  END IF;
  RETURN NEXT pg_catalog.dsql_local_submit_index(made, make_unique);
END $create$;

CREATE FUNCTION pg_catalog.dsql_local_submit_validation(validated oid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $submit_validation$
DECLARE found pg_constraint := (SELECT c FROM pg_constraint AS c WHERE oid = validated);
BEGIN
  PERFORM dsql_local_check_owner(found.conrelid);
  RETURN dsql_local_submit('CONSTRAINT_VALIDATION', 'pg_constraint'::regclass, validated, found.conname,
    format('SET ROLE %s; ALTER TABLE %s VALIDATE CONSTRAINT %I; RESET ROLE',
      (SELECT relowner::regrole FROM pg_class WHERE oid = found.conrelid), found.conrelid::regclass, found.conname));
END $submit_validation$;

CREATE FUNCTION pg_catalog.dsql_local_validate_constraint(target text, constraint_name text) RETURNS SETOF text
LANGUAGE plpgsql AS $validate$
DECLARE
  relation regclass := target::regclass;
  found_constraint oid;
BEGIN
  SELECT c.oid INTO found_constraint FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid OPERATOR(pg_catalog.=) relation AND c.conname OPERATOR(pg_catalog.=) constraint_name::name;
  IF found_constraint IS NULL THEN
    RAISE EXCEPTION 'constraint "%" of relation "%" does not exist', constraint_name,
      (SELECT c.relname FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) relation) USING ERRCODE = '42704';
  END IF;
  RETURN NEXT pg_catalog.dsql_local_submit_validation(found_constraint);
END $validate$;
`;
