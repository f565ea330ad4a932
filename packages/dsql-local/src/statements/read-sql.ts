import { isUtf8 } from "node:buffer";
import type { TextEncoding } from "../wire/client-encoding.ts";
import { parseQuery } from "./parse-query.ts";
import type { ParsedQuery } from "./statement.ts";

/** Reads an SQL text as it came from a client; undefined where it is no UTF-8 and should be. */
export function readSql(bytes: Buffer, encoding: TextEncoding): ParsedQuery | undefined {
  return encoding === "utf8" && !isUtf8(bytes) ? undefined : parseQuery(bytes.toString(encoding));
}
