import type { NodeBody } from "../sql/tree.ts";

/** Whether a table, view or sequence is made in the session's temporary schema. */
export function isTemporary(relation: NodeBody<"RangeVar"> | undefined): boolean {
  return relation?.relpersistence === "t" || /^pg_temp(?:_|$)/.test(relation?.schemaname ?? "");
}
