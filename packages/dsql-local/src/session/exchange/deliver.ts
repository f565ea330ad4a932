import { parseReadRow, type ReadRow } from "../../conflicts/row-marks.ts";
import { commandComplete, parseDataRow } from "../../wire/backend-messages.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import type { FrontendConnection } from "../../wire/frontend-connection.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Backend } from "../../wire/message-types.ts";
import { problemOf } from "./answers.ts";
import type { Answer } from "./backend-turn.ts";
import { cutColumns, cutDescription } from "./cut-columns.ts";
import { FIRST_TIME, type RequestForm, type Work } from "./work.ts";

/** What is taken out of held answers before the client gets them. */
export interface Delivery {
  ownAnswers?: readonly boolean[] | undefined;
  /** Columns at the end of each row that are the endpoint's own. */
  addedColumns: number;
  /** The tag to answer where PostgreSQL's own would tell that another statement was run. */
  commandTag?: string | undefined;
}

const ACKNOWLEDGEMENTS: ReadonlySet<number> = new Set([
  Backend.ParseComplete,
  Backend.BindComplete,
  Backend.CloseComplete,
]);

/** The same for what a statement has answered that was sent in this form. */
export function deliverWork(
  client: FrontendConnection,
  work: Work,
  answer: Answer,
  form: RequestForm = FIRST_TIME,
): boolean {
  const { ownAnswers } = work.request(form);
  const addedColumns = form.plain ? 0 : (work.locking?.columnMarks.length ?? 0);
  return deliver(client, answer, { ownAnswers, addedColumns, commandTag: work.statement.commandTag });
}

/** Sends held answers to the client; answers whether the statement succeeded. */
export function deliver(client: FrontendConnection, answer: Answer, delivery: Delivery): boolean {
  let acknowledged = 0;
  for (const message of answer.held) {
    if (ACKNOWLEDGEMENTS.has(message.type)) {
      if (delivery.ownAnswers?.[acknowledged++]) continue;
    }
    const { commandTag } = delivery;
    if (commandTag !== undefined && message.type === Backend.CommandComplete)
      client.write(commandComplete(commandTag));
    else client.write(withoutAdded(message, delivery.addedColumns));
  }
  if (!answer.error) return true;
  const problem = problemOf(answer.error);
  // A copy's own schema is no business of the client's.
  client.write(
    errorResponse(problem.schema?.startsWith("pg_temp") ? { ...problem, schema: "public" } : problem),
  );
  return false;
}

function withoutAdded(message: WireMessage, added: number): Buffer {
  if (added === 0) return message.bytes;
  if (message.type === Backend.DataRow) return cutColumns(message, added).row;
  return message.type === Backend.RowDescription ? cutDescription(message, added) : message.bytes;
}

/** The rows of a held answer, as text. */
export function rowsOf(answer: Answer): (string | null)[][] {
  return answer.held.filter(({ type }) => type === Backend.DataRow).map(({ body }) => parseDataRow(body));
}

/** The rows that a locking read has read, from the columns that were added to it. */
export function readRows(answer: Answer, columnMarks: readonly number[]): (ReadRow & { bits: number })[] {
  const rows: (ReadRow & { bits: number })[] = [];
  for (const message of answer.held) {
    if (message.type !== Backend.DataRow) continue;
    cutColumns(message, columnMarks.length).cut.forEach((text, i) => {
      // Null where an outer join found no row.
      if (text !== null) rows.push({ ...parseReadRow(text), bits: columnMarks[i] as number });
    });
  }
  return rows;
}
