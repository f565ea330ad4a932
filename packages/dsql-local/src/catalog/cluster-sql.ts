import { SYNC_CREATE_INDEX_PARAMETER } from "../rules/parameters.ts";

/** The body of current_setting for the name $1; `postgres` is PostgreSQL's own function. */
const shownSetting = (postgres: (name: string) => string): string => `
  SELECT CASE lower($1) WHEN 'server_version' THEN '16.15' WHEN 'server_version_num' THEN '160015'
    WHEN 'client_min_messages' THEN 'notice'
    WHEN 'disable_sync_create_index' THEN ${postgres(`'${SYNC_CREATE_INDEX_PARAMETER}'`)}
    ELSE CASE WHEN lower($1) LIKE 'dsql\\_local.%' THEN ${postgres("'dsql_local'")}
      ELSE ${postgres("$1")} END END`;

/**
 * What a cluster has from the start: the role `admin`, which owns the schema `public` and can create schemas and roles, and
 * the version that a cluster reports (version() and current_setting of a real one, September 2026).
 */
export const CLUSTER_SQL = `
CREATE ROLE admin LOGIN CREATEROLE;
GRANT CREATE, CONNECT ON DATABASE postgres TO admin;
-- A session whose statement waits for a lock is notified at once; roles without rights cannot enable that themselves.
ALTER DATABASE postgres SET log_lock_waits = on;
ALTER DATABASE postgres SET deadlock_timeout = '1ms';
ALTER DATABASE postgres SET log_min_messages = fatal;
ALTER DATABASE postgres SET ${SYNC_CREATE_INDEX_PARAMETER} = 'on';
ALTER DATABASE postgres SET dsql.enable_batched_nestloop = 'on';
-- So that ALTER ROLE … SET accepts them too.
GRANT SET ON PARAMETER ${SYNC_CREATE_INDEX_PARAMETER}, dsql.enable_batched_nestloop TO PUBLIC;
ALTER SCHEMA public OWNER TO admin;
SET allow_system_table_mods = on;
ALTER FUNCTION pg_catalog.version() RENAME TO postgres_version;
CREATE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT 'PostgreSQL 16' $$;
ALTER FUNCTION pg_catalog.current_setting(text) RENAME TO postgres_current_setting;
CREATE FUNCTION pg_catalog.current_setting(text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  ${shownSetting((name) => `pg_catalog.postgres_current_setting(${name})`)} $$;
ALTER FUNCTION pg_catalog.current_setting(text, boolean) RENAME TO postgres_current_setting;
CREATE FUNCTION pg_catalog.current_setting(text, boolean) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  ${shownSetting((name) => `pg_catalog.postgres_current_setting(${name}, $2)`)} $$;
RESET allow_system_table_mods;
`;
