import { parseErrorFields } from "../wire/error-fields.ts";
import { parseArrays, rowTexts } from "./row-text.ts";
import type { TableFacts } from "./table-facts.ts";

/** SQLSTATE of the notices by which a trigger reports changed rows to the session; no client ever sees one. */
export const MARK_SQLSTATE = "DQ001";

/** One changed row: its text before and after (empty if there is none), and if the table has no primary key, the ctids. */
interface RowChange {
  oldRow: string;
  newRow: string;
  oldCtid?: string | undefined;
  newCtid?: string | undefined;
}

/** Rows of one table that a statement, or a cascade of it, has changed in the same way. */
export interface TableChange {
  /** The writing transaction's 64-bit id. */
  transactionId: number;
  /** The table's oid. */
  table: number;
  /** INSERT, UPDATE or DELETE. */
  op: "I" | "U" | "D";
  rowCount: number;
  /** Bytes of the rows' text, after the change or of what was deleted; where only keys are known, about so many. */
  bytes: number;
  /** Whether the texts hold every column; otherwise only what identifies the rows, and the other columns are empty. */
  isWhole: boolean;
  /** Reads the rows from the notice. */
  rows(): RowChange[];
}

/** A table with what a statement has changed in it and what is known of its keys. */
export interface KnownChange extends TableChange {
  facts: TableFacts;
}

/**
 * Reads the body of a mark trigger's notice, which is UTF-8 in every session. The message is one of
 * - `transaction table op count bytes`: the detail and the hint are JSON arrays of the rows before and after;
 * - `transaction table op count bytes columns`: they are an array for each column that has a 1, and the hint is empty where
 *   no value has changed;
 * - `transaction table op 1 - ctid ctid`: they are the one row before and after.
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
