import type { Node } from "libpg-query";
import type { NodeBody } from "../sql/tree.ts";
import { type Objection, type Rule, type RuleInfo, rule } from "./rule.ts";
import { cacheObjection, NO_CACHE } from "./sequences.ts";
import {
  builtInName,
  declaredLength,
  displayedName,
  isRefusedColumnType,
  SERIAL_TYPES,
} from "./type-names.ts";

/** Maximum declared lengths, in bytes, and the type's name in DSQL's message. */
const MAX_LENGTHS: Record<string, { bytes: number; shown: string }> = {
  bpchar: { bytes: 4096, shown: "char" },
  varchar: { bytes: 65_535, shown: "varchar" },
};

const columnType: RuleInfo = {
  rule: "column-type",
  advice: "Use a supported type; text, jsonb or bytea can hold the others. Arrays can be used in queries.",
  page: "dataTypes",
};

const columnLength: RuleInfo = {
  rule: "column-length",
  sqlstate: "54000",
  advice: "Declare a shorter column, or text, which holds 1 MiB.",
  page: "dataTypes",
};

const identity: RuleInfo = {
  rule: "identity-column",
  advice:
    "Write bigint GENERATED … AS IDENTITY (CACHE 1), or CACHE 65536 for many writers; uuid is a better key.",
  page: "identity",
};

/** Rules on the columns of CREATE TABLE, ALTER TABLE ADD COLUMN and CREATE DOMAIN. */
export const columnRules: readonly Rule[] = [
  rule(
    "ColumnDef",
    {
      rule: "serial",
      sqlstate: "42704",
      advice: "Use uuid DEFAULT gen_random_uuid(), or bigint GENERATED … AS IDENTITY (CACHE 1).",
      page: "identity",
    },
    (column) => {
      const name = builtInName(column.typeName);
      return name !== undefined && SERIAL_TYPES.has(name) && `type "${name}" does not exist`;
    },
  ),
  rule("ColumnDef", columnType, (column) => columnTypeObjection(column.typeName)),
  rule("ColumnDef", columnLength, (column) => lengthObjection(column.typeName)),
  rule("CreateDomainStmt", columnType, (domain) => columnTypeObjection(domain.typeName)),
  rule("CreateDomainStmt", columnLength, (domain) => lengthObjection(domain.typeName)),
  rule(
    "ColumnDef",
    {
      rule: "column-collation",
      advice: "Leave COLLATE out: DSQL compares all text with the C collation.",
      page: "createTable",
    },
    (column) => column.collClause && "COLLATE clause not supported",
  ),
  rule("ColumnDef", identity, (column) => identityObjection(column)),
];

function columnTypeObjection(type: NodeBody<"TypeName"> | undefined): Objection {
  return isRefusedColumnType(type) && `datatype ${displayedName(type)} not supported`;
}

function lengthObjection(type: NodeBody<"TypeName"> | undefined): Objection {
  const longest = MAX_LENGTHS[builtInName(type) ?? ""];
  const length = declaredLength(type);
  if (!longest || length === undefined || length <= longest.bytes) return undefined;
  return `Datatype limit greater than ${longest.bytes} bytes not supported for ${longest.shown}`;
}

function identityObjection(column: NodeBody<"ColumnDef">): Objection {
  const constraint = constraintsOf(column).find((item) => item.contype === "CONSTR_IDENTITY");
  if (!constraint) return undefined;
  if (displayedName(column.typeName) !== "bigint") {
    return `datatype ${displayedName(column.typeName)} not supported, identity column type must be bigint`;
  }
  return identityCacheObjection(constraint.options);
}

/** DSQL's objection to the options of an identity column's sequence. */
export function identityCacheObjection(options: readonly Node[] | undefined): Objection {
  return cacheObjection(options) && `identity column ${NO_CACHE}`;
}

/** The constraints in a column's definition. */
export function constraintsOf(column: NodeBody<"ColumnDef">): NodeBody<"Constraint">[] {
  return (column.constraints ?? []).flatMap((item) => ("Constraint" in item ? [item.Constraint] : []));
}
