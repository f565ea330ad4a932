import { Backend } from "./message-types.ts";
import { message } from "./message-writer.ts";

/** The fields of an ErrorResponse or NoticeResponse that we read and write. */
export interface ErrorFields {
  severity: string;
  sqlstate: string;
  message: string;
  detail?: string | undefined;
  hint?: string | undefined;
  /** Characters from 1, as PostgreSQL counts them. */
  position?: string | undefined;
  schema?: string | undefined;
  table?: string | undefined;
  column?: string | undefined;
  dataType?: string | undefined;
  constraint?: string | undefined;
}

const LETTERS: Readonly<Record<string, keyof ErrorFields>> = {
  V: "severity",
  C: "sqlstate",
  M: "message",
  D: "detail",
  H: "hint",
  P: "position",
  s: "schema",
  t: "table",
  c: "column",
  d: "dataType",
  n: "constraint",
};

export function errorResponse(
  given: Omit<ErrorFields, "severity"> & { severity?: string | undefined },
  encoding: BufferEncoding = "utf8",
): Buffer {
  const fields: ErrorFields = { ...given, severity: given.severity ?? "ERROR" };
  let text = `S${fields.severity}\0`;
  for (const [letter, name] of Object.entries(LETTERS)) {
    const value = fields[name];
    if (value !== undefined) text += `${letter}${value}\0`;
  }
  return message(Backend.ErrorResponse, Buffer.from(`${text}\0`, encoding));
}

/** The SQLSTATE in the body of an ErrorResponse or NoticeResponse. */
export function sqlstateOf(body: Buffer): string {
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    if (body[at] === 0x43) return body.toString("latin1", at + 1, at + 6);
    const end = body.indexOf(0, at + 1);
    if (end < 0) break;
    at = end + 1;
  }
  return "XX000";
}

/** Reads the body of an ErrorResponse or NoticeResponse. */
export function parseErrorFields(body: Buffer, encoding: BufferEncoding = "utf8"): ErrorFields {
  const fields: ErrorFields = { severity: "ERROR", sqlstate: "XX000", message: "" };
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const letter = String.fromCharCode(body[at] as number);
    const end = body.indexOf(0, at + 1);
    if (end < 0) break;
    const name = LETTERS[letter];
    if (name) fields[name] = body.toString(encoding, at + 1, end);
    at = end + 1;
  }
  return fields;
}
