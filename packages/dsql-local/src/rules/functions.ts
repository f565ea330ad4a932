import { namesOf } from "../sql/tree.ts";
import { type Rule, rule } from "./rule.ts";

const ADVISORY_LOCK = /^pg_(?:try_)?advisory_(?:xact_)?(?:un)?lock(?:_shared|_all)?$/;
/** Functions for features that DSQL does not have: a server's address, notifications, large objects. */
const REFUSED =
  /^(?:inet_server_addr|inet_server_port|pg_notify|pg_listening_channels|lo_\w+|lo(?:read|write))$/;

/** Rules on function calls. */
export const functionRules: readonly Rule[] = [
  rule(
    "FuncCall",
    {
      rule: "advisory-lock",
      advice: "UPDATE a row of your own lock table, and retry on 40001.",
      page: "unsupportedSql",
    },
    (call) => {
      const name = functionName(call.funcname);
      return ADVISORY_LOCK.test(name) && `function ${name} not supported`;
    },
  ),
  rule(
    "FuncCall",
    {
      rule: "unsupported-function",
      advice: "Leave it out; DSQL has no equivalent.",
      page: "unsupportedSql",
    },
    (call) => {
      const name = functionName(call.funcname);
      return REFUSED.test(name) && `function ${name} not supported`;
    },
  ),
  rule(
    "FuncCall",
    {
      rule: "wait-for-job",
      sqlstate: "42809",
      advice: "Use CALL sys.wait_for_job('<job id>').",
      page: "asyncIndexes",
    },
    (call, context) =>
      context.field !== "funccall" &&
      namesOf(call.funcname).join(".") === "sys.wait_for_job" &&
      "sys.wait_for_job(text) is a procedure",
  ),
];

/** The name of a built-in function that is called; empty for one of another schema. */
function functionName(funcname: Parameters<typeof namesOf>[0]): string {
  const names = namesOf(funcname);
  if (names.length === 1 || names[0] === "pg_catalog") return names.at(-1) ?? "";
  return "";
}
