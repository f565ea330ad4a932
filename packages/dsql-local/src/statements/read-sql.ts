import { isUtf8 } from "node:buffer";
import type { TextEncoding } from "../wire/client-encoding.ts";
import { parseQuery } from "./parse-query.ts";
import type { ParsedQuery } from "./statement.ts";

/** Parses SQL as a client sent it; undefined if it should be UTF-8 and is not. */
export function readSql(bytes: Buffer, encoding: TextEncoding): ParsedQuery | undefined {
  return encoding === "utf8" && !isUtf8(bytes) ? undefined : parseQuery(bytes.toString(encoding));
}
