import { parseErrorFields } from "../wire/error-fields.ts";
import { parseArrays, rowTexts } from "./row-text.ts";
import type { TableFacts } from "./table-facts.ts";

/** SQLSTATE of the notices in which a trigger reports changed rows to the session; they are never sent to a client. */
export const MARK_SQLSTATE = "DQ001";

/** One changed row: its text before and after (empty if there is none), and its ctids if the table has no primary key. */
interface RowChange {
  oldRow: string;
  newRow: string;
  oldCtid?: string | undefined;
  newCtid?: string | undefined;
}

/** Rows of one table that a statement, or one of its cascades, has changed by the same operation. */
export interface TableChange {
  /** The writing transaction's 64-bit id. */
  transactionId: number;
  /** The table's oid. */
  table: number;
  /** INSERT, UPDATE or DELETE. */
  op: "I" | "U" | "D";
  rowCount: number;
  /** Bytes of the text of the new rows, or of the deleted ones; approximate if only keys were reported. */
  bytes: number;
  /** Whether the texts contain every column; otherwise only the columns that identify the rows, and the others are empty. */
  isWhole: boolean;
  /** Reads the rows from the notice. */
  rows(): RowChange[];
}

/** What a statement has changed in one table, with the facts about the table's keys. */
export interface KnownChange extends TableChange {
  facts: TableFacts;
}

/**
 * Reads the body of a mark trigger's notice, which is UTF-8 in every session. The message is one of
 * - `transaction table op count bytes`: the detail and the hint are JSON arrays of the rows before and after;
 * - `transaction table op count bytes columns`: they contain an array of values for each column that has a 1, and the hint
 *   is empty if no value has changed;
 * - `transaction table op 1 - ctid ctid`: they are the row before and after.
 */
export function parseTableChange(body: Buffer): TableChange {
  const { message, detail = "", hint = "" } = parseErrorFields(body);
  const [transactionId, table, op, rowCount, bytes, ...rest] = message.split(" ");
  const change = {
    transactionId: Number(transactionId),
    table: Number(table),
    op: op as TableChange["op"],
    rowCount: Number(rowCount),
    bytes: Number(bytes),
    isWhole: true,
  };
  if (bytes === "-") {
    const [oldCtid, newCtid] = rest;
    const rows = [{ oldRow: detail, newRow: hint, oldCtid, newCtid }];
    return { ...change, bytes: Buffer.byteLength(hint || detail), rows: () => rows };
  }
  const [columns] = rest;
  if (columns === undefined) return { ...change, rows: () => rowsOfJson(detail, hint) };
  return { ...change, isWhole: false, rows: () => rowsOfKeys(columns, detail, hint) };
}

function rowsOfJson(detail: string, hint: string): RowChange[] {
  const before = detail === "" ? [] : (JSON.parse(detail) as string[]);
  const after = hint === "" ? [] : (JSON.parse(hint) as string[]);
  const count = Math.max(before.length, after.length);
  return Array.from({ length: count }, (_, i) => ({ oldRow: before[i] ?? "", newRow: after[i] ?? "" }));
}

function rowsOfKeys(columns: string, detail: string, hint: string): RowChange[] {
  const before = rowTexts(columns, parseArrays(detail));
  const after = hint === "" ? before : rowTexts(columns, parseArrays(hint));
  return before.map((oldRow, i) => ({ oldRow, newRow: after[i] as string }));
}
