import { constant, type NodeBody } from "../sql/tree.ts";
import type { Work } from "../work.ts";

/** Settings that a session of DSQL has (user guide, "Accessing", read 2026-11-21). */
export const SESSION_PARAMETERS: ReadonlySet<string> = new Set([
  ..."application_name client_encoding datestyle extra_float_digits intervalstyle timezone search_path".split(
    " ",
  ),
  ..."enable_bitmapscan enable_hashjoin enable_indexonlyscan enable_indexscan enable_material enable_mergejoin enable_nestloop enable_seqscan".split(
    " ",
  ),
  ..."dsql.enable_batched_nestloop disable_sync_create_index role".split(" "),
]);

/** Settings that do not change what a statement means, with the value that may be set; undefined: any value. */
const HARMLESS: Record<string, ReadonlySet<string> | undefined> = {
  ...Object.fromEntries(
    (
      "statement_timeout lock_timeout idle_in_transaction_session_timeout transaction_timeout idle_session_timeout " +
      "client_min_messages check_function_bodies row_security application_name log_statement log_min_duration_statement " +
      "maintenance_work_mem work_mem max_parallel_maintenance_workers synchronous_commit default_table_access_method " +
      "default_tablespace default_with_oids xmloption extra_float_digits disable_sync_create_index " +
      "enable_bitmapscan enable_hashjoin enable_indexonlyscan enable_indexscan enable_material enable_mergejoin enable_nestloop enable_seqscan " +
      "dsql.enable_batched_nestloop"
    )
      .split(" ")
      .map((name) => [name, undefined]),
  ),
  client_encoding: new Set(["utf8", "utf-8", "unicode"]),
  standard_conforming_strings: new Set(["on", "true", "1", "yes"]),
  escape_string_warning: new Set(["on", "off", "true", "false"]),
  timezone: new Set(["utc", "gmt", "etc/utc"]),
  datestyle: new Set(["iso, mdy", "iso", "iso,mdy"]),
  intervalstyle: new Set(["postgres"]),
  default_transaction_isolation: new Set(["repeatable read"]),
};

/** SET, RESET: steps do not share a session, so a setting is left out or refused. */
export function setting(work: Work, statement: NodeBody<"VariableSetStmt">): undefined {
  const name = statement.name?.toLowerCase();
  if (
    statement.kind === "VAR_RESET" ||
    statement.kind === "VAR_RESET_ALL" ||
    statement.kind === "VAR_SET_DEFAULT"
  )
    return work.leaveOut("session-setting", `${name ?? "All settings"} has its default value in each step.`);
  if (statement.kind === "VAR_SET_MULTI") {
    if (name === "transaction snapshot")
      return work.refuse("session-setting-refused", "DSQL does not import snapshots.", {
        advice: "Remove the statement.",
      });
    return work.leaveOut(
      "session-setting",
      "Each step is its own transaction, and DSQL has one isolation level.",
    );
  }
  const values = (statement.args ?? []).map((value) => constant(value)?.toLowerCase() ?? "");
  judgeSetting(work, name ?? "", values, statement.is_local === true);
}

/** `SELECT set_config('search_path', '', false)` as pg_dump writes it; returns whether the statement is nothing else. */
export function setConfig(work: Work, statement: NodeBody<"SelectStmt">): boolean {
  const [target, ...others] = statement.targetList ?? [];
  if (!target || others.length > 0 || statement.fromClause?.length || !("ResTarget" in target)) return false;
  const value = target.ResTarget.val;
  if (!value || !("FuncCall" in value)) return false;
  const name = value.FuncCall.funcname?.at(-1);
  if (!name || !("String" in name) || name.String.sval !== "set_config") return false;
  const [parameter, setTo] = value.FuncCall.args ?? [];
  const key = constant(parameter)?.toLowerCase();
  if (key === undefined) return false;
  judgeSetting(work, key, (constant(setTo) ?? "").toLowerCase().split(/\s*,\s*/), false);
  return true;
}

function judgeSetting(work: Work, name: string, values: readonly string[], isLocal: boolean): undefined {
  if (name === "search_path") return judgeSearchPath(work, values);
  if (name in HARMLESS) {
    const allowed = HARMLESS[name];
    if (!allowed || allowed.has(values.join(", ")))
      return work.leaveOut("session-setting", `${name} does not change what a statement means.`);
  }
  const what = `${isLocal ? "SET LOCAL" : "SET"} ${name}`;
  const advice = SESSION_PARAMETERS.has(name)
    ? undefined
    : "Remove the statement: DSQL does not have the setting.";
  work.refuse("session-setting-refused", `${what} would not apply to the steps after it.`, {
    ...(advice && { advice }),
  });
}

function judgeSearchPath(work: Work, values: readonly string[]): undefined {
  const path = values
    .map((value) => value.replaceAll('"', ""))
    .filter((value) => !["", "$user", "pg_catalog", "pg_temp"].includes(value));
  if (path.length === 0 || (path.length === 1 && path[0] === "public"))
    return work.leaveOut("search-path", "Names without a schema are in public.");
  work.refuse(
    "search-path-refused",
    `search_path would not apply to the steps after it (${path.join(", ")}).`,
  );
}
