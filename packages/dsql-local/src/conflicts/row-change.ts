import { parseErrorFields } from "../wire/error-fields.ts";
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
  rows: RowChange[];
}

/** A table with what a statement has changed in it and what is known of its keys. */
export interface KnownChange extends TableChange {
  facts: TableFacts;
}

/**
 * Reads the body of a mark trigger's notice, which is UTF-8 in every session. The message is `transaction table op`, and
 * the detail and the hint are JSON arrays of the rows before and after; or it is `transaction table op ctid ctid`, and
 * they are the one row before and after.
 */
export function parseTableChange(body: Buffer): TableChange {
  const { message, detail = "", hint = "" } = parseErrorFields(body);
  const [transactionId = "", table = "", op = "", oldCtid, newCtid] = message.split(" ");
  const change = { transactionId: Number(transactionId), table: Number(table), op: op as TableChange["op"] };
  if (oldCtid !== undefined) return { ...change, rows: [{ oldRow: detail, newRow: hint, oldCtid, newCtid }] };
  const before = detail === "" ? [] : (JSON.parse(detail) as string[]);
  const after = hint === "" ? [] : (JSON.parse(hint) as string[]);
  const count = Math.max(before.length, after.length);
  const rows = Array.from({ length: count }, (_, i) => ({ oldRow: before[i] ?? "", newRow: after[i] ?? "" }));
  return { ...change, rows };
}
