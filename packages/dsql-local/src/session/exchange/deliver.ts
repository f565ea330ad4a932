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

/** What is taken out of held answers before the client gets them. */
export interface Delivery {
  /** Columns at the end of each row that are the endpoint's own. */
  addedColumns: number;
  /** Whether the statement was DDL, which meets DDL of others. */
  isDdl?: boolean;
  /** The tag to answer where PostgreSQL's own would tell that another statement was run. */
  commandTag?: string | undefined;
  /** The rows are EXPLAIN's, which lists the endpoint's triggers too. */
  isExplain?: boolean;
}

/** How a statement's answer is delivered that was sent in this form. */
export function deliveryOf(work: Work, form: RequestForm): Delivery {
  const addedColumns = form.plain ? 0 : (work.locking?.columnMarks.length ?? 0);
  const { kind, commandTag } = work.statement;
  return { addedColumns, commandTag, isDdl: kind === "ddl", isExplain: isExplain(work.statement) };
}

export const isExplain = ({ tree }: Statement): boolean => "ExplainStmt" in ((tree ?? {}) as object);

/** Delivers a statement's answer; returns whether it succeeded. */
export function deliverWork(
  client: FrontendConnection,
  work: Work,
  response: BackendResponse,
  form: RequestForm = FIRST_TIME,
): boolean {
  return deliver(client, response, deliveryOf(work, form));
}

/** Sends held answers to the client; returns whether the statement succeeded. */
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

/** The error for the client: as PostgreSQL wrote it, byte for byte, where DSQL has no other for it. */
function errorFor(error: ErrorFields, original: WireMessage, isDdl: boolean): Buffer {
  const problem = isDdl ? ddlProblemOf(error) : problemOf(error);
  if (problem !== error) return errorResponse(problem);
  if (!error.schema?.startsWith("pg_temp")) return original.bytes;
  // A copy's own schema is no business of the client's. Latin-1 gives every byte back as it came.
  return errorResponse({ ...parseErrorFields(original.body, "latin1"), schema: "public" }, "latin1");
}

function withoutAdded(message: WireMessage, added: number): Buffer {
  if (added === 0) return message.bytes;
  if (message.type === Backend.DataRow) return cutColumns(message, added).row;
  return message.type === Backend.RowDescription ? cutDescription(message, added) : message.bytes;
}

/** The rows of a held answer, as text. */
export function rowsOf(response: BackendResponse): (string | null)[][] {
  return response.held.filter(({ type }) => type === Backend.DataRow).map(({ body }) => parseDataRow(body));
}

/** The rows that a locking read has read, from the columns that were added to it. */
export function readRows(
  response: BackendResponse,
  columnMarks: readonly number[],
): (ReadRow & { bits: number })[] {
  const rows: (ReadRow & { bits: number })[] = [];
  for (const message of response.held) {
    if (message.type !== Backend.DataRow) continue;
    cutColumns(message, columnMarks.length).cut.forEach((text, i) => {
      // Null where an outer join found no row.
      if (text !== null) rows.push({ ...parseReadRow(text), bits: columnMarks[i] as number });
    });
  }
  return rows;
}
