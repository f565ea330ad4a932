import type { Node } from "libpg-query";
import { accessMethod } from "../rules/indexes.ts";
import { SYNC_CREATE_INDEX_PARAMETER } from "../rules/parameters.ts";
import { type NodeBody, namesOf, open, type StatementContext, walk } from "../sql/tree.ts";
import { utf8Positions } from "../sql/utf8-positions.ts";
import { asyncCall, shownByQuery } from "./calls.ts";
import { catalogEdits, type Edit } from "./shown-catalogs.ts";

/** The text that PostgreSQL runs for a statement, and the command tag if PostgreSQL's own would differ. */
export interface Translation {
  text: string;
  commandTag?: string | undefined;
}

/** Rewrites a statement so that PostgreSQL does what DSQL does. */
export function translate(tree: Node, statement: StatementContext): Translation {
  const text = withDefaults(tree, statement);
  return asyncCall(tree, statement, text) ?? shownByQuery(tree) ?? { text };
}

/** Statements whose text may need edits other than those of {@link catalogEdits}. */
const EDITED = new Set([
  ...["CreateStmt", "CreateSchemaStmt", "CreateDomainStmt"],
  ...["AlterTableStmt", "IndexStmt", "VariableSetStmt", "AlterRoleSetStmt"],
]);

/** Nodes whose type gets DSQL's default precision: not casts. */
const TYPED = new Set(["ColumnDef", "CreateDomainStmt"]);

/** The text with DSQL's defaults written out, and DSQL's own words replaced by PostgreSQL's. */
function withDefaults(tree: Node, statement: StatementContext): string {
  const { name } = open(tree);
  if (!EDITED.has(name)) return apply(statement.text, catalogEdits(tree, statement.text));
  if (name === "IndexStmt") return apply(statement.text, methodEdits(statement.text));
  if (name === "VariableSetStmt" || name === "AlterRoleSetStmt")
    return apply(statement.text, parameterEdits(statement.text));
  const edits: Edit[] = [];
  const toUtf16 = utf8Positions(statement.text);
  walk(tree, (name, body, context) => {
    if (name !== "TypeName" || !TYPED.has(context.parent ?? "")) return;
    const edit = numericDefault(body as NodeBody<"TypeName">, statement.text, toUtf16);
    if (edit) edits.push(edit);
  });
  return apply(statement.text, edits);
}

/** Removes `USING btree_index`, DSQL's name for its one kind of index. */
function methodEdits(text: string): Edit[] {
  const method = accessMethod(text);
  return method?.text === "btree_index" ? [{ start: method.usingStart, end: method.end, text: "" }] : [];
}

/** Renames `disable_sync_create_index`: PostgreSQL accepts an unknown parameter only with a dot in its name. */
function parameterEdits(text: string): Edit[] {
  const parameter = /\bdisable_sync_create_index\b/i.exec(text);
  if (!parameter) return [];
  const end = parameter.index + parameter[0].length;
  return [{ start: parameter.index, end, text: SYNC_CREATE_INDEX_PARAMETER }];
}

/** NUMERIC without a precision is numeric(18,6) on DSQL. */
function numericDefault(
  type: NodeBody<"TypeName">,
  text: string,
  toUtf16: (bytes: number) => number,
): Edit | undefined {
  if (namesOf(type.names).at(-1) !== "numeric" || type.typmods || type.arrayBounds) return undefined;
  const start = toUtf16(type.location ?? 0);
  const name = /^(?:"?pg_catalog"?\s*\.\s*)?"?(?:numeric|decimal|dec)"?/i.exec(text.slice(start, start + 80));
  if (!name) return undefined;
  const end = start + name[0].length;
  return { start: end, end, text: "(18,6)" };
}

function apply(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  }
  return result;
}
