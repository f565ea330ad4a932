import { is, SQL } from "drizzle-orm";

/** One entry of what a relational query selects, as far as both versions of drizzle-orm agree on it. */
interface Selected {
  field?: unknown;
  /** 1.0: "Column", "SQL", "Aliased", "Nested". */
  fieldType?: string | undefined;
  /** 0.45: the entry is a relation. */
  isJson?: boolean | undefined;
  selection?: unknown;
}

/** Says whether a relation selects SQL of the caller's own (`extras`), itself or in a relation below it. */
export function selectsOwnSql(selection: unknown): boolean {
  return Array.isArray(selection) && selection.some(isOwnSql);
}

function isOwnSql(entry: Selected): boolean {
  if (entry.fieldType === "Nested" || entry.isJson === true) return selectsOwnSql(entry.selection);
  return is(entry.field, SQL) || is(entry.field, SQL.Aliased);
}
