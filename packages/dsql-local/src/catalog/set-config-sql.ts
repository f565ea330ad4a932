import { SETTING_SQLSTATE } from "../conflicts/setting-notice.ts";
import { SESSION_PARAMETERS, SYNC_CREATE_INDEX_PARAMETER } from "../rules/parameters.ts";
import { AMBIGUOUS_ENCODINGS } from "../wire/client-encoding.ts";

const ambiguous = AMBIGUOUS_ENCODINGS.map((name) => `'${name}'`).join(", ");
const names = [...SESSION_PARAMETERS].map((name) => `'${name}'`).join(", ");

/**
 * Replaces set_config(), so that it refuses what DSQL's SET refuses, also if the parameter's name is a value that the text of
 * the statement does not show. It reports what it has set in a notice, so that the session can set it again after the
 * transaction's work was undone. Its own names are qualified because it runs under the caller's search_path.
 */
export const SET_CONFIG_SQL = `
ALTER FUNCTION pg_catalog.set_config(text, text, boolean) RENAME TO postgres_set_config;

CREATE FUNCTION pg_catalog.set_config(setting_name text, new_value text, is_local boolean) RETURNS text LANGUAGE plpgsql
VOLATILE SECURITY DEFINER AS $set$
DECLARE
  result text;
BEGIN
  IF pg_catalog.lower(setting_name) OPERATOR(pg_catalog.=) ANY (ARRAY[${names}]) IS NOT TRUE THEN
    RAISE EXCEPTION 'setting configuration parameter "%" not supported', setting_name USING ERRCODE = '0A000';
  END IF;
  IF pg_catalog.lower(setting_name) OPERATOR(pg_catalog.=) 'disable_sync_create_index' THEN
    setting_name := '${SYNC_CREATE_INDEX_PARAMETER}';
  END IF;
  IF pg_catalog.lower(setting_name) OPERATOR(pg_catalog.=) 'client_encoding' AND pg_catalog.regexp_replace(
    pg_catalog.lower(new_value), '[^a-z0-9]', '', 'g') OPERATOR(pg_catalog.=) ANY (ARRAY[${ambiguous}]) THEN
    RAISE EXCEPTION 'client_encoding % is not supported', new_value USING ERRCODE = '0A000';
  END IF;
  result := pg_catalog.postgres_set_config(setting_name, new_value, is_local);
  RAISE NOTICE USING ERRCODE = '${SETTING_SQLSTATE}',
    MESSAGE = pg_catalog.lower(setting_name) || ' ' || CASE WHEN is_local THEN 't' ELSE 'f' END,
    DETAIL = coalesce(pg_catalog.encode(pg_catalog.convert_to(new_value, 'UTF8'), 'hex'), 'null');
  RETURN result;
END $set$;
`;
