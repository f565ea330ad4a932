import { constantOf } from "../sql/tree.ts";
import { ambiguousEncoding } from "../wire/client-encoding.ts";
import type { Refusal } from "./refusal.ts";
import { makeRefusal, type Rule, type RuleInfo, rule } from "./rule.ts";

/**
 * Parameters that a client may set: in the startup packet, in its `options`, and with SET (user guide, "Supported session
 * parameters"). `role` is not among them: DSQL accepts it only with SET LOCAL.
 */
export const SESSION_PARAMETERS: ReadonlySet<string> = new Set([
  "application_name",
  "client_encoding",
  "datestyle",
  "extra_float_digits",
  "intervalstyle",
  "timezone",
  "search_path",
  "enable_bitmapscan",
  "enable_hashjoin",
  "enable_indexonlyscan",
  "enable_indexscan",
  "enable_material",
  "enable_mergejoin",
  "enable_nestloop",
  "enable_seqscan",
  "dsql.enable_batched_nestloop",
  "disable_sync_create_index",
]);

/** The PostgreSQL parameter that stores `disable_sync_create_index`: a custom one must have a dot in its name. */
export const SYNC_CREATE_INDEX_PARAMETER = "dsql.disable_sync_create_index";

const info: RuleInfo = {
  rule: "session-parameter",
  advice: "Leave it out; only the parameters listed on the page can be set. Set timeouts in the client.",
  page: "parameters",
};

const roleInfo: RuleInfo = {
  rule: "set-role",
  advice: "Use SET LOCAL ROLE inside a transaction, or connect as that role.",
  page: "parameters",
};

const encodingInfo: RuleInfo = {
  rule: "client-encoding",
  advice: "Use UTF8, or an encoding that PostgreSQL also supports as a server encoding.",
  page: "parameters",
};

/** The refusal of an encoding whose characters can contain ASCII bytes. */
export function encodingRefusal(encoding: string | undefined): string | undefined {
  const name = encoding === undefined ? undefined : ambiguousEncoding(encoding);
  return name === undefined ? undefined : `client_encoding ${name} is not supported`;
}

/** Whether a session may set a parameter of that name. */
function isSettable(name: string): boolean {
  return SESSION_PARAMETERS.has(name.toLowerCase());
}

/** The refusal of SET ROLE outside a transaction. */
export const setRoleRefusal: Refusal = makeRefusal(roleInfo, notSupported("role"));

function notSupported(name: string): string {
  return `setting configuration parameter "${name}" not supported`;
}

/** Rules on SET, RESET and set_config(). */
export const parameterRules: readonly Rule[] = [
  rule(
    "VariableSetStmt",
    roleInfo,
    (s) => s.name === "role" && !s.is_local && s.kind !== "VAR_RESET" && notSupported("role"),
  ),
  rule("VariableSetStmt", info, (s) => {
    if (s.kind === "VAR_SET_MULTI" || s.kind === "VAR_RESET_ALL" || s.name === undefined) return undefined;
    return s.name !== "role" && !isSettable(s.name) && notSupported(s.name);
  }),
  rule(
    "VariableSetStmt",
    encodingInfo,
    (s) => s.name?.toLowerCase() === "client_encoding" && encodingRefusal(constantOf(s.args?.[0])),
  ),
  rule("FuncCall", info, (call) => {
    const name = call.funcname?.at(-1);
    if (!name || !("String" in name) || name.String.sval !== "set_config") return undefined;
    const parameter = constantOf(call.args?.[0]);
    return parameter !== undefined && !isSettable(parameter) && notSupported(parameter);
  }),
];
