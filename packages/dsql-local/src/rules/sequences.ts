import type { Node } from "libpg-query";
import { constantOf } from "../sql/tree.ts";
import { type Objection, type Rule, type RuleInfo, rule } from "./rule.ts";
import { isTemporary } from "./temporary.ts";
import { displayedName } from "./type-names.ts";

/** The end of DSQL's message about a cache size. */
export const NO_CACHE =
  "is not supported without an explicit cache size. please define CACHE greater than or equal to 65536 or equal to 1";

/** The smallest cache size above 1. */
const MIN_CACHE = 65_536;

const cache: RuleInfo = {
  rule: "sequence-cache",
  advice: "Write CACHE 1 for nearly sequential numbers, or CACHE 65536 for many writers.",
  page: "createSequence",
};

const type: RuleInfo = {
  rule: "sequence-type",
  advice: "Leave AS out, or write AS bigint.",
  page: "createSequence",
};

/** Rules on sequences. */
export const sequenceRules: readonly Rule[] = [
  rule(
    "CreateSeqStmt",
    { rule: "temporary-sequence", advice: "Leave TEMPORARY out.", page: "createSequence" },
    (s) => isTemporary(s.sequence) && "TEMPORARY or TEMP sequence not supported for CREATE SEQUENCE",
  ),
  rule("CreateSeqStmt", cache, (s) => cacheObjection(s.options) && `CREATE SEQUENCE ${NO_CACHE}`),
  rule("AlterSeqStmt", cache, (s) => changesToUnsupportedCache(s.options) && `ALTER SEQUENCE ${NO_CACHE}`),
  rule("CreateSeqStmt", type, (s) => sequenceTypeObjection(s.options)),
  rule("AlterSeqStmt", type, (s) => sequenceTypeObjection(s.options)),
];

function sequenceTypeObjection(options: readonly Node[] | undefined): Objection {
  for (const option of options ?? []) {
    if (!("DefElem" in option) || option.DefElem.defname !== "as") continue;
    const { arg } = option.DefElem;
    const name = arg && "TypeName" in arg ? displayedName(arg.TypeName) : "";
    if (name !== "bigint") return `datatype ${name} not supported, sequence type must be bigint`;
  }
  return undefined;
}

/** Whether the cache size of a new sequence is missing, or one that DSQL does not accept. */
export function cacheObjection(options: readonly Node[] | undefined): boolean {
  const size = cacheOf(options);
  return size === undefined || isUnsupportedCache(size);
}

/** Whether an existing sequence would get a cache size that DSQL does not accept. */
export function changesToUnsupportedCache(options: readonly Node[] | undefined): boolean {
  return isUnsupportedCache(cacheOf(options));
}

function isUnsupportedCache(size: number | undefined): boolean {
  // PostgreSQL refuses sizes below 1 itself.
  return size !== undefined && size > 1 && size < MIN_CACHE;
}

function cacheOf(options: readonly Node[] | undefined): number | undefined {
  for (const option of options ?? []) {
    if ("DefElem" in option && option.DefElem.defname === "cache")
      return Number(constantOf(option.DefElem.arg));
  }
  return undefined;
}
