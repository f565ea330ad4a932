import { parseReadRow, type ReadRow } from "../../conflicts/row-marks.ts";
import type { Statement } from "../../statements/statement.ts";
import { commandComplete, parseDataRow } from "../../wire/backend-messages.ts";
import { type ErrorFields, errorResponse, parseErrorFields } from "../../wire/error-fields.ts";
import type { FrontendConnection } from "../../wire/frontend-connection.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Backend } from "../../wire/message-types.ts";
import { type BackendResponse, clientsOwn } from "./backend-turn.ts";
import { cutColumns, cutDescription } from "./cut-columns.ts";
import { withoutOwnTriggers } from "./explained.ts";
import { ddlProblemOf, problemOf } from "./problems.ts";
import { FIRST_TIME, type RequestForm, type Work } from "./work.ts";

/** How a held response is changed before the client gets it. */
export interface Delivery {
  /** Columns that the endpoint added at the end of each row, to be cut off. */
  addedColumns: number;
  /** Whether the statement was DDL, whose conflicts are reported as OC001. */
  isDdl?: boolean;
  /** The command tag to send if PostgreSQL ran another statement in place of the client's. */
  commandTag?: string | undefined;
  /** Whether the rows are EXPLAIN's output, from which the endpoint's triggers are removed. */
  isExplain?: boolean;
}

/** How to deliver the response to a statement that was sent in this form. */
export function deliveryOf(work: Work, form: RequestForm): Delivery {
  const addedColumns = form.plain ? 0 : (work.locking?.columnMarks.length ?? 0);
  const { kind, commandTag } = work.statement;
  return { addedColumns, commandTag, isDdl: kind === "ddl", isExplain: isExplain(work.statement) };
}

export const isExplain = ({ tree }: Statement): boolean => "ExplainStmt" in ((tree ?? {}) as object);

/** Sends the held response to a statement to the client; returns whether the statement succeeded. */
export function deliverWork(
  client: FrontendConnection,
  work: Work,
  response: BackendResponse,
  form: RequestForm = FIRST_TIME,
): boolean {
  return deliver(client, response, deliveryOf(work, form));
}

/** Sends a held response to the client; returns whether the statement succeeded. */
export function deliver(client: FrontendConnection, response: BackendResponse, delivery: Delivery): boolean {
  for (const message of clientsOwn(response)) {
    const { commandTag } = delivery;
    if (commandTag !== undefined && message.type === Backend.CommandComplete)
      client.write(commandComplete(commandTag));
    else if (delivery.isExplain && message.type === Backend.DataRow) {
      const row = withoutOwnTriggers(message);
      if (row) client.write(row);
    } else client.write(withoutAdded(message, delivery.addedColumns));
  }
  if (!response.error || !response.errorMessage) return true;
  client.write(errorFor(response.error, response.errorMessage, delivery.isDdl ?? false));
  return false;
}

/** The error for the client: PostgreSQL's own, byte for byte, unless DSQL sends a different one. */
function errorFor(error: ErrorFields, original: WireMessage, isDdl: boolean): Buffer {
  const problem = isDdl ? ddlProblemOf(error) : problemOf(error);
  if (problem !== error) return errorResponse(problem);
  if (!error.schema?.startsWith("pg_temp")) return original.bytes;
  // The error names the schema of a temporary copy, which clients must not see. Latin-1 keeps every byte as it is.
  return errorResponse({ ...parseErrorFields(original.body, "latin1"), schema: "public" }, "latin1");
}

function withoutAdded(message: WireMessage, added: number): Buffer {
  if (added === 0) return message.bytes;
  if (message.type === Backend.DataRow) return cutColumns(message, added).row;
  return message.type === Backend.RowDescription ? cutDescription(message, added) : message.bytes;
}

/** The rows of a held response, as text. */
export function rowsOf(response: BackendResponse): (string | null)[][] {
  return response.held.filter(({ type }) => type === Backend.DataRow).map(({ body }) => parseDataRow(body));
}

/** The rows that a locking read has read, taken from the columns that were added to it. */
export function readRows(
  response: BackendResponse,
  columnMarks: readonly number[],
): (ReadRow & { bits: number })[] {
  const rows: (ReadRow & { bits: number })[] = [];
  for (const message of response.held) {
    if (message.type !== Backend.DataRow) continue;
    cutColumns(message, columnMarks.length).cut.forEach((text, i) => {
      // Null if an outer join found no row.
      if (text !== null) rows.push({ ...parseReadRow(text), bits: columnMarks[i] as number });
    });
  }
  return rows;
}
