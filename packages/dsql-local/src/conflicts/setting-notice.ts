import { parseErrorFields } from "../wire/error-fields.ts";

/** SQLSTATE of the notices in which set_config() reports what it has set; they are never sent to a client. */
export const SETTING_SQLSTATE = "DQ002";

/**
 * Reads the body of such a notice: the message is `name is_local`, and the detail is the value's UTF-8 in hexadecimal, or
 * `null` for the default. @returns SQL that repeats the call.
 */
export function parseSetting(body: Buffer): string {
  const { message, detail } = parseErrorFields(body);
  const [name = "", isLocal = ""] = message.split(" ");
  const value =
    detail === undefined || detail === "null" ? "NULL" : `pg_catalog.convert_from('\\x${detail}', 'UTF8')`;
  return `SELECT pg_catalog.set_config('${name}', ${value}, ${isLocal === "t"})`;
}
