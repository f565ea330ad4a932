/**
 * A job of the type DROP for each dropped table and index, as sys.jobs lists them without a name (user guide,
 * "Asynchronous indexes"). PostgreSQL has nothing left to do, so the job is completed from the start.
 */
export const DROP_JOBS_SQL = `
CREATE FUNCTION pg_catalog.dsql_local_list_drops() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $drops$
BEGIN
  INSERT INTO dsql_local_job (job_id, status, job_type, class_id, object_id)
    SELECT dsql_local_job_id(), 'completed', 'DROP', classid, objid FROM pg_event_trigger_dropped_objects()
    WHERE classid = 'pg_class'::regclass AND object_type IN ('table', 'index') AND objsubid = 0 AND NOT is_temporary
      AND schema_name <> 'pg_toast';
END $drops$;

CREATE EVENT TRIGGER dsql_local_list_drops ON sql_drop WHEN TAG IN ('DROP TABLE', 'DROP INDEX', 'DROP SCHEMA')
  EXECUTE FUNCTION pg_catalog.dsql_local_list_drops();
`;
