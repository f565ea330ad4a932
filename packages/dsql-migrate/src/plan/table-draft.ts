import type { Range } from "./draft.ts";
import type { Edit } from "./sql/edits.ts";
import type { ParsedStatement } from "./sql/parse.ts";
import type { Change } from "./step.ts";

/** A column as CREATE TABLE wrote it. */
interface DraftColumn extends Range {
  typeRange: Range;
  /** The type after rewriting. */
  type: string;
  builtIn?: string | undefined;
}

/** A CREATE TABLE of this text that a later statement may still complete. */
export interface TableDraft {
  statement: ParsedStatement;
  /** Its edits and the changes that they report; later statements add to both. */
  edits: Edit[];
  changes: Change[];
  columns: Map<string, DraftColumn>;
  /** Where a further element is inserted. */
  insertAt: number;
  hasElements: boolean;
  /** Whether columns were renamed, dropped or the like since, so that later statements must not be folded in. */
  isClosed: boolean;
  /** Whether a statement since may have written rows. */
  hasRows: boolean;
  /** Keys that later statements added through an index, and that CREATE TABLE does not have. */
  lateKeys: Set<string>;
}

/** Adds an element, such as a constraint, to the table's definition. */
export function addElement(table: TableDraft, element: string): void {
  const { insertAt } = table;
  table.edits.push({ start: insertAt, end: insertAt, text: `${table.hasElements ? "," : ""}\n  ${element}` });
  table.hasElements = true;
}

/** Widens a column of the draft to bigint. */
export function widenToBigint(column: DraftColumn, table: TableDraft): void {
  if (column.builtIn === "int8") return;
  table.edits.push({ ...column.typeRange, text: "bigint" });
  Object.assign(column, { type: "bigint", builtIn: "int8" });
}
