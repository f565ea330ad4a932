import type { ErrorFields } from "../wire/error-fields.ts";

/** One changed row, as the mark trigger tells it. */
export interface RowChange {
  /** The writing transaction's 64-bit id. */
  transactionId: number;
  /** The table's oid. */
  table: number;
  op: "I" | "U" | "D";
  /** Where the row stood and stands, as a ctid: `(0,1)`. */
  oldPlace: string;
  newPlace: string;
  /** The row's text before and after. */
  oldRow: string;
  newRow: string;
}

/** Reads the notice of the mark trigger. */
export function parseRowChange(notice: ErrorFields): RowChange {
  const [transactionId = "", table = "", op = "", oldPlace = "", newPlace = ""] = notice.message.split(" ");
  return {
    transactionId: Number(transactionId),
    table: Number(table),
    op: op as RowChange["op"],
    oldPlace,
    newPlace,
    oldRow: notice.detail ?? "",
    newRow: notice.hint ?? "",
  };
}
