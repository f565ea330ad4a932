import { namesOf } from "../sql/tree.ts";
import { type Rule, type RuleInfo, rule } from "./rule.ts";

/** Functions and relations that the endpoint has in pg_catalog, and functions of PostgreSQL that it has renamed. */
const OWN_NAME = /^(?:dsql_local|postgres_(?:version|current_setting|set_config)$)/;
const OWN_PARAMETER = /^dsql_local\./i;

const info = (sqlstate: string): RuleInfo => ({
  rule: "own-object",
  sqlstate,
  advice: "Choose another name; names that begin with dsql_local are reserved for the local endpoint.",
  page: "unsupportedSql",
});

const isOwn = (schema: string | undefined, name: string): boolean =>
  (schema === undefined || schema === "pg_catalog") && OWN_NAME.test(name);

/** Rules that hide the endpoint's own objects from clients. */
export const ownObjectRules: readonly Rule[] = [
  rule("FuncCall", info("42883"), (call) => {
    const names = namesOf(call.funcname);
    return isOwn(names.at(-2), names.at(-1) ?? "") && `function ${names.join(".")} does not exist`;
  }),
  rule("RangeVar", info("42P01"), ({ schemaname, relname = "" }) => {
    if (!isOwn(schemaname, relname)) return undefined;
    return `relation "${schemaname === undefined ? "" : `${schemaname}.`}${relname}" does not exist`;
  }),
  rule("TypeName", info("42704"), (type) => {
    const names = namesOf(type.names);
    return isOwn(names.at(-2), names.at(-1) ?? "") && `type "${names.join(".")}" does not exist`;
  }),
  rule(
    "VariableShowStmt",
    info("42704"),
    ({ name = "" }) => OWN_PARAMETER.test(name) && `unrecognized configuration parameter "${name}"`,
  ),
];
