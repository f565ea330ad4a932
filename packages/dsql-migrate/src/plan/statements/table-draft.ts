import type { ParsedStatement } from "../sql/parse.ts";
import type { Draft, Range, Work } from "../work.ts";
import type { ReadColumn } from "./columns.ts";

/** A CREATE TABLE of this text that a later statement may still complete. */
export interface TableDraft {
  work: Work;
  draft: Draft;
  statement: ParsedStatement;
  /** The columns as CREATE TABLE wrote them. */
  columns: Map<string, ReadColumn>;
  /** Where a further element is inserted. */
  insertAt: number;
  hasElements: boolean;
  /** Whether columns were renamed, dropped or the like since, so that nothing may be folded any more. */
  isClosed: boolean;
  /** Whether a statement since may have written rows. */
  hasRows: boolean;
  /** Keys that a later statement gave to the table by an index, and that CREATE TABLE does not have. */
  lateKeys: Set<string>;
}

/** Adds an element, such as a constraint, to the table's definition. */
export function addElement(table: TableDraft, element: string): undefined {
  const { insertAt } = table;
  table.work.edit({ start: insertAt, end: insertAt }, `${table.hasElements ? "," : ""}\n  ${element}`);
  table.hasElements = true;
}

/** The text of a range in one line, for use elsewhere. */
export function oneLine(text: string): string {
  return text.includes("--") ? text : text.replace(/\s+/g, " ").trim();
}

/** Widens a column of the draft to bigint. */
export function widenToBigint(column: ReadColumn, table: TableDraft): undefined {
  if (column.builtIn === "int8") return;
  const range: Range = column.typeRange;
  table.work.edit(range, "bigint");
  Object.assign(column, { type: "bigint", builtIn: "int8", isRetyped: true });
}
