/** Functions of the endpoint that ordinary roles can run: each does what the role may do anyway. */
const REACHABLE = [
  // Parts of the client's own statements.
  "dsql_local_row",
  "dsql_local_create_index",
  "dsql_local_validate_constraint",
  "dsql_local_submit_index",
  "dsql_local_submit_validation",
  "dsql_local_iam",
  "dsql_local_key_type",
  // PostgreSQL's own function under another name.
  "postgres_current_setting",
];

/**
 * Functions that run SQL text that the endpoint has not checked.
 *
 * A cluster has neither XML nor text search configurations, so they are useless there too.
 */
const DYNAMIC_SQL = "^(ts_stat|ts_rewrite|(query|cursor|table|schema|database)_to_xml.*)$";

/**
 * Revokes from all other roles what belongs to the endpoint: run last, so that no function is forgotten.
 *
 * A function that a session calls by itself, with more rights than its role has, is SECURITY DEFINER, has a first
 * parameter `key`, and checks that with dsql_local_check_call: no client can read the key. `BackendTurn.call` sends it.
 */
export const PRIVILEGES_SQL = `
DO $$
DECLARE routine record;
BEGIN
  FOR routine IN
    SELECT p.oid::regprocedure AS signature, 
      proname = ANY ('{${REACHABLE.join(",")}}') OR (proname <> 'dsql_local_check_call' AND proargnames[1] = 'key') AS reachable
    FROM pg_catalog.pg_proc AS p WHERE pronamespace = 'pg_catalog'::regnamespace
      AND (proname ~ '^(dsql_local_|postgres_(version|current_setting|set_config)$)' OR proname ~ '${DYNAMIC_SQL}')
  LOOP
    EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', routine.signature);
    IF routine.reachable THEN
      EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO PUBLIC', routine.signature);
    END IF;
  END LOOP;
END $$;
`;

/** What identifies a call from the endpoint's own session; must be defined before the functions that check it. */
export const CALL_KEY_SQL = `
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.dsql_local_key (key text NOT NULL);
RESET allow_system_table_mods;

CREATE FUNCTION pg_catalog.dsql_local_check_call(key text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog AS $check$
BEGIN
  IF (key = (SELECT stored.key FROM dsql_local_key AS stored)) IS NOT TRUE THEN
    RAISE EXCEPTION 'permission denied' USING ERRCODE = '42501';
  END IF;
END $check$;

-- Whether writing rows of a table runs only PostgreSQL's and admin's code: then it may run with more rights.
CREATE FUNCTION pg_catalog.dsql_local_check_code(tables oid[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog AS $code$
BEGIN
  IF EXISTS (
    SELECT FROM pg_proc AS p JOIN pg_depend AS d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
    WHERE p.oid >= 16384 AND p.pronamespace <> 'pg_catalog'::regnamespace
      AND p.proowner NOT IN ('admin'::regrole, 10)
      AND CASE d.classid
        WHEN 'pg_constraint'::regclass THEN EXISTS (SELECT FROM pg_constraint AS c WHERE c.oid = d.objid
          AND (c.conrelid = ANY (tables) OR c.contypid IN (SELECT atttypid FROM pg_attribute WHERE attrelid = ANY (tables))))
        WHEN 'pg_attrdef'::regclass THEN EXISTS (SELECT FROM pg_attrdef AS a WHERE a.oid = d.objid AND a.adrelid = ANY (tables))
        WHEN 'pg_class'::regclass THEN EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = d.objid AND i.indrelid = ANY (tables))
        ELSE false END
  ) THEN
    RAISE EXCEPTION 'the table runs code of another role' USING ERRCODE = '40001';
  END IF;
END $code$;
`;
