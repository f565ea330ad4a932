import { type NodeBody, namesOf } from "../sql/tree.ts";
import { constraintsOf } from "./columns.ts";
import { MAX_KEY_COLUMNS, TOO_MANY_KEYS } from "./indexes.ts";
import { type Rule, type RuleInfo, rule } from "./rule.ts";
import { builtInName, declaredLength, displayedName, KEYLESS_TYPES } from "./type-names.ts";

/** Maximum sum of the declared bytes of a key's columns. */
const MAX_KEY_BYTES = 2000;

const keyColumns: RuleInfo = {
  rule: "key-columns",
  sqlstate: "54011",
  advice: "Use a key of at most eight columns; uuid is a good one.",
  page: "quotas",
};

const keyType: RuleInfo = {
  rule: "key-type",
  advice: "Use text, uuid, a number or a timestamp as the key.",
  page: "dataTypes",
};

const keySize: RuleInfo = {
  rule: "key-size",
  sqlstate: "54000",
  advice: "Declare shorter columns, or use uuid as the key.",
  page: "quotas",
};

/** Rules on the keys (PRIMARY KEY and UNIQUE) of CREATE TABLE. */
export const keyRules: readonly Rule[] = [
  rule(
    "CreateStmt",
    keyColumns,
    (s) => keysOf(s).some((key) => key.length > MAX_KEY_COLUMNS) && TOO_MANY_KEYS,
  ),
  rule("CreateStmt", keyType, (s) => {
    const column = keysOf(s)
      .flat()
      .find(({ typeName }) => KEYLESS_TYPES.has(builtInName(typeName) ?? ""));
    return column && `datatype ${displayedName(column.typeName)} is not supported in a key`;
  }),
  rule(
    "CreateStmt",
    keySize,
    (s) =>
      keysOf(s).some((key) => key.reduce((sum, column) => sum + declaredBytes(column), 0) > MAX_KEY_BYTES) &&
      `key size greater than ${MAX_KEY_BYTES} bytes not supported`,
  ),
];

/** The columns of each key of a new table. */
function keysOf(table: NodeBody<"CreateStmt">): NodeBody<"ColumnDef">[][] {
  const columns = (table.tableElts ?? []).flatMap((item) => ("ColumnDef" in item ? [item.ColumnDef] : []));
  const keys = columns.filter((column) => constraintsOf(column).some(isKey)).map((column) => [column]);
  for (const item of table.tableElts ?? []) {
    if (!("Constraint" in item) || !isKey(item.Constraint)) continue;
    const names = namesOf(item.Constraint.keys);
    keys.push(names.flatMap((name) => columns.find((column) => column.colname === name) ?? []));
  }
  return keys;
}

/** Whether a constraint is PRIMARY KEY or UNIQUE. */
export function isKey({ contype }: NodeBody<"Constraint">): boolean {
  return contype === "CONSTR_PRIMARY" || contype === "CONSTR_UNIQUE";
}

function declaredBytes({ typeName }: NodeBody<"ColumnDef">): number {
  const name = builtInName(typeName);
  return name === "varchar" || name === "bpchar" ? (declaredLength(typeName) ?? 0) : 0;
}
