import type { Node } from "libpg-query";
import { type NodeBody, type NodeContext, type NodeName, walk } from "../sql/tree.ts";
import { utf8Positions } from "../sql/utf8-positions.ts";
import type { TableReference } from "./statement.ts";

/** The tables that a statement names, in the order of the text; without those that a WITH clause defines. */
export function tableReferences(tree: Node, text: string): TableReference[] {
  const toUtf16 = utf8Positions(text);
  const tables: TableReference[] = [];
  walk(tree, (name, body, context) => {
    if (name !== "RangeVar" || context.field === "lockedRels") return;
    const table = body as NodeBody<"RangeVar">;
    const isTarget = isWritten(context);
    if (!isTarget && table.schemaname === undefined && context.ctes.has(table.relname ?? "")) return;
    tables.push({
      name: table.relname ?? "",
      start: toUtf16(table.location ?? 0),
      isTarget,
      ...(table.schemaname !== undefined && { schema: table.schemaname }),
      ...(table.alias?.aliasname !== undefined && { alias: table.alias.aliasname }),
    });
    if (isTarget && context.parent === "CopyStmt" && !copiesFrom(tree))
      (tables.at(-1) as TableReference).isTarget = false;
  });
  return tables.sort((a, b) => a.start - b.start);
}

const WRITERS: ReadonlySet<NodeName | undefined> = new Set([
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "CopyStmt",
]);

function isWritten({ parent, field }: NodeContext): boolean {
  return field === "relation" && WRITERS.has(parent);
}

function copiesFrom(tree: Node): boolean {
  return "CopyStmt" in tree && tree.CopyStmt.is_from === true;
}
