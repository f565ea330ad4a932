import { namesOf } from "../sql/tree.ts";
import { type Rule, type RuleInfo, rule } from "./rule.ts";
import { builtInName, displayedName, isRefusedValueType } from "./type-names.ts";

const info: RuleInfo = {
  rule: "value-type",
  advice: "Use a supported type; queries can also use arrays and inet.",
  page: "dataTypes",
};

/**
 * Rules on values of types that DSQL does not support, anywhere in a statement. It is known that a cluster refuses casts to
 * `line` and `circle`, and the functions of these names; that it treats the other types the same way is a guess.
 */
export const valueTypeRules: readonly Rule[] = [
  rule(
    "TypeName",
    info,
    (type) => isRefusedValueType(builtInName(type)) && `datatype ${displayedName(type)} not supported`,
  ),
  rule("FuncCall", info, (call) => {
    const names = namesOf(call.funcname);
    const name = names.length === 1 || names[0] === "pg_catalog" ? names.at(-1) : undefined;
    return isRefusedValueType(name) && `datatype ${name} not supported`;
  }),
  rule("XmlExpr", info, () => "datatype xml not supported"),
  rule("A_Const", info, ({ bsval }) => bsval && "datatype bit not supported"),
];
