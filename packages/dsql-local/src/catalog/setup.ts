import { DROP_JOBS_SQL } from "../jobs/drop-jobs-sql.ts";
import { FINISH_SQL } from "../jobs/finish-sql.ts";
import { JOBS_SQL } from "../jobs/jobs-sql.ts";
import { INDEXES_SQL } from "./indexes-sql.ts";
import { ROW_LIMITS_SQL } from "./row-limits-sql.ts";
import { SET_CONFIG_SQL } from "./set-config-sql.ts";
import { SETTINGS_VIEW_SQL } from "./settings-view-sql.ts";
import { SYS_SQL } from "./sys-sql.ts";

/** DSQL has no text search configurations. */
const TEXT_SEARCH_SQL = `
DELETE FROM pg_catalog.pg_ts_config;
DELETE FROM pg_catalog.pg_ts_config_map;
`;

/** What the catalog of a cluster has in addition to PostgreSQL's: run once, as the superuser, in the template database. */
export function catalogSetupSql(): string {
  return [
    "SET allow_system_table_mods = on;",
    JOBS_SQL,
    FINISH_SQL,
    DROP_JOBS_SQL,
    SYS_SQL,
    INDEXES_SQL,
    ROW_LIMITS_SQL,
    SET_CONFIG_SQL,
    SETTINGS_VIEW_SQL,
    TEXT_SEARCH_SQL,
    "RESET allow_system_table_mods;",
  ].join("\n");
}
