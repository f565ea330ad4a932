/** pg_settings with the version that DSQL reports, and read-only: an UPDATE of it would do what SET does. */
export const SETTINGS_VIEW_SQL = `
CREATE OR REPLACE VIEW pg_catalog.pg_settings AS
  SELECT name,
    CASE WHEN name IN ('server_version', 'server_version_num', 'client_min_messages')
      THEN pg_catalog.current_setting(name) ELSE setting END AS setting,
    unit, category, short_desc, extra_desc, context, vartype, source, min_val, max_val, enumvals, boot_val, reset_val,
    sourcefile, sourceline, pending_restart
  FROM pg_catalog.pg_show_all_settings();
REVOKE UPDATE ON pg_catalog.pg_settings FROM PUBLIC;
`;
