/** How a job ends: the runner calls these functions, as the superuser, each in its own transaction. */
export const FINISH_SQL = `
CREATE FUNCTION pg_catalog.dsql_local_has_duplicates(index oid) RETURNS boolean LANGUAGE plpgsql
SET search_path = pg_catalog AS $duplicates$
DECLARE
  definition record;
  keys text[];
  answer boolean;
BEGIN
  SELECT i.indrelid::regclass AS relation, pg_get_expr(i.indpred, i.indrelid) AS predicate,
    i.indnkeyatts AS size, i.indnullsnotdistinct AS nulls_equal INTO definition FROM pg_index AS i WHERE indexrelid = index;
  keys := ARRAY(SELECT '(' || pg_get_indexdef(index, at, false) || ')' FROM generate_series(1, definition.size) AS at);
  -- The owner's expressions run with the owner's rights.
  EXECUTE format('SET LOCAL ROLE %s', (SELECT relowner::regrole FROM pg_class WHERE oid = definition.relation));
  EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s WHERE (%s) AND (%s) GROUP BY %s HAVING count(*) > 1)',
    definition.relation, coalesce(definition.predicate, 'true'),
    CASE WHEN definition.nulls_equal THEN 'true' ELSE array_to_string(keys, ' IS NOT NULL AND ') || ' IS NOT NULL' END,
    array_to_string(keys, ', ')) INTO answer;
  SET LOCAL ROLE NONE;
  RETURN answer;
END $duplicates$;

CREATE FUNCTION pg_catalog.dsql_local_finish_index(index oid) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog AS $finish$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = index) THEN
    RETURN 'Index was dropped before it was built';
  END IF;
  IF (SELECT indisunique FROM pg_index WHERE indexrelid = index) AND dsql_local_has_duplicates(index) THEN
    -- It is not kept up to date from now on; it remains until DROP INDEX.
    UPDATE pg_index SET indisready = false WHERE indexrelid = index;
    RETURN 'Found duplicate key while validating index for UCVs';
  END IF;
  UPDATE pg_index SET indisvalid = true WHERE indexrelid = index;
  RETURN NULL;
END $finish$;

CREATE PROCEDURE sys.wait_for_job(job_id text, INOUT succeeded boolean DEFAULT NULL) LANGUAGE plpgsql AS $wait$
DECLARE state text;
BEGIN
  IF job_id IS NULL OR job_id !~ '^[a-z2-7]{25}[aeimquy4]$' THEN
    RAISE EXCEPTION 'Unable to convert text to UUID' USING ERRCODE = '22P02';
  END IF;
  LOOP
    SELECT j.status INTO state FROM sys.jobs AS j WHERE j.job_id = wait_for_job.job_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'job % does not exist', job_id USING ERRCODE = '42704';
    END IF;
    EXIT WHEN state IN ('completed', 'failed');
    PERFORM pg_catalog.pg_sleep(0.005);
    COMMIT;
  END LOOP;
  succeeded := state = 'completed';
END $wait$;
`;
