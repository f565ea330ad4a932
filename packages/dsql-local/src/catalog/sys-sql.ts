/** The schema sys apart from jobs: IAM mappings, the major version, the supported data types. */
export const SYS_SQL = `
CREATE TABLE pg_catalog.dsql_local_iam_mapping (
  iam_oid oid PRIMARY KEY, arn text NOT NULL, role oid NOT NULL, UNIQUE (arn, role)
);

CREATE VIEW sys.iam_pg_role_mappings AS
  SELECT m.iam_oid, m.arn, m.role AS pg_role_oid, r.rolname AS pg_role_name, NULL::oid AS grantor_pg_role_oid,
    'admin'::name AS grantor_pg_role_name
  FROM pg_catalog.dsql_local_iam_mapping AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.role;
GRANT SELECT ON sys.iam_pg_role_mappings TO PUBLIC;

CREATE PROCEDURE pg_catalog.dsql_local_iam(verb text, role_name text, arn text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $iam$
DECLARE target record;
BEGIN
  SELECT oid, rolcanlogin, rolsuper INTO target FROM pg_authid WHERE rolname = role_name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'role "%" does not exist', role_name USING ERRCODE = '42704';
  END IF;
  IF target.rolsuper OR role_name = 'admin' OR session_user <> 'admin' THEN
    RAISE EXCEPTION 'permission denied to % IAM trust with role %', lower(verb), role_name USING ERRCODE = '42501';
  END IF;
  IF NOT target.rolcanlogin THEN
    RAISE EXCEPTION 'role % must have the LOGIN attribute', role_name USING ERRCODE = '0A000';
  END IF;
  IF verb = 'GRANT' THEN
    INSERT INTO dsql_local_iam_mapping (iam_oid, arn, role)
      SELECT (coalesce(max(m.iam_oid::bigint), 25999) + 1)::oid, dsql_local_iam.arn, target.oid
      FROM dsql_local_iam_mapping AS m ON CONFLICT ON CONSTRAINT dsql_local_iam_mapping_arn_role_key DO NOTHING;
  ELSE
    DELETE FROM dsql_local_iam_mapping AS m WHERE m.role = target.oid AND m.arn = dsql_local_iam.arn;
  END IF;
END $iam$;

CREATE FUNCTION sys.dsql_major_version() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1 $$;

CREATE FUNCTION sys.supported_datatypes() RETURNS TABLE (type_name text) LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.unnest(ARRAY['smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric', 'character',
    'character varying', 'bpchar', 'text', 'date', 'time without time zone', 'time with time zone',
    'timestamp without time zone', 'timestamp with time zone', 'interval', 'boolean', 'bytea', 'uuid', 'json', 'jsonb'])
$$;
`;
