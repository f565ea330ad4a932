import type { NodeBody } from "../sql/tree.ts";

/** Whether a table, view or sequence is created in the session's temporary schema. */
export function isTemporary(relation: NodeBody<"RangeVar"> | undefined): boolean {
  // CREATE TEMPORARY, or a name such as pg_temp.t.
  return relation?.relpersistence === "t" || /^pg_temp(?:_|$)/.test(relation?.schemaname ?? "");
}
