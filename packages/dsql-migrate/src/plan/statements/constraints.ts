import type { KnownConstraint, KnownTable } from "../schema.ts";
import { identifier } from "../sql/quote.ts";
import { type NodeBody, names } from "../sql/tree.ts";
import { KEYLESS_TYPES } from "../types.ts";
import { columnsIn, type Work } from "../work.ts";
import type { ColumnConstraint } from "./columns.ts";
import { generatedName } from "./names.ts";

const MAX_KEY_COLUMNS = 8;
const MAX_KEY_BYTES = 2000;
const MAX_INDEXES = 24;

/** The text of a constraint without `CONSTRAINT name` before it. */
export function withoutName(work: Work, { constraint, start, end }: ColumnConstraint): string {
  const from =
    constraint.conname === undefined ? start : (work.tokens[work.tokenFrom(start) + 2]?.start ?? start);
  return work.text({ start: from, end });
}

export const CONSTRAINT_KINDS: Record<string, KnownConstraint["kind"]> = {
  CONSTR_PRIMARY: "primary",
  CONSTR_UNIQUE: "unique",
  CONSTR_CHECK: "check",
  CONSTR_FOREIGN: "foreign",
};

/** The columns that a constraint concerns. */
export function constraintColumns(constraint: NodeBody<"Constraint">, own: readonly string[]): string[] {
  if (constraint.contype === "CONSTR_CHECK") return [...columnsIn(constraint.raw_expr)];
  const list = constraint.contype === "CONSTR_FOREIGN" ? constraint.fk_attrs : constraint.keys;
  return list?.length ? names(list) : [...own];
}

/** The name of a constraint: its own, or the one that PostgreSQL would give. */
export function constraintName(
  table: KnownTable,
  constraint: NodeBody<"Constraint">,
  columns: readonly string[],
): string {
  if (constraint.conname) return constraint.conname;
  const { name } = table.name;
  switch (constraint.contype) {
    case "CONSTR_PRIMARY":
      return generatedName(name, [], "pkey", table);
    case "CONSTR_UNIQUE":
      return generatedName(name, columns, "key", table);
    case "CONSTR_FOREIGN":
      return generatedName(name, columns, "fkey", table);
    default:
      return generatedName(name, columns.length === 1 ? columns : [], "check", table);
  }
}

/** Refuses a key of too many columns, of a type that no key has, or too large. */
export function judgeKey(work: Work, table: KnownTable, kind: string, columns: readonly string[]): undefined {
  if (kind !== "primary" && kind !== "unique" && kind !== "index") return;
  if (columns.length > MAX_KEY_COLUMNS)
    work.refuse("index-key-count", `A key has ${columns.length} columns; DSQL allows ${MAX_KEY_COLUMNS}.`);
  let bytes = 0;
  for (const name of columns) {
    const column = table.columns.get(name);
    if (column?.builtIn && KEYLESS_TYPES.has(column.builtIn))
      work.refuse("index-key-type", `Column ${identifier(name)} of type ${column.type} cannot be in a key.`);
    if (column?.builtIn === "varchar" || column?.builtIn === "bpchar") bytes += column.length ?? 0;
  }
  if (bytes > MAX_KEY_BYTES) work.refuse("key-size", `The declared columns of the key have ${bytes} bytes.`);
}

/** Refuses a table that would have too many indexes. */
export function countIndexes(work: Work, table: KnownTable): undefined {
  const keys = [...table.constraints.values()].filter(({ kind }) => kind === "primary" || kind === "unique");
  const count = keys.length + table.indexes.size;
  if (count > MAX_INDEXES)
    work.refuse("index-count", `The table has ${count} indexes; DSQL allows ${MAX_INDEXES}.`);
}
