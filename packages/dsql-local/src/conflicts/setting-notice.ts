import { parseErrorFields } from "../wire/error-fields.ts";

/** SQLSTATE of the notices by which set_config() reports what it has set; no client ever sees one. */
export const SETTING_SQLSTATE = "DQ002";

/**
 * Reads the body of such a notice: `name is_local`, and the value's UTF-8 in hexadecimal as the detail, which is
 * `null` for the default. @returns SQL that sets the same again.
 */
export function parseSetting(body: Buffer): string {
  const { message, detail } = parseErrorFields(body);
  const [name = "", isLocal = ""] = message.split(" ");
  const value =
    detail === undefined || detail === "null" ? "NULL" : `pg_catalog.convert_from('\\x${detail}', 'UTF8')`;
  return `SELECT pg_catalog.set_config('${name}', ${value}, ${isLocal === "t"})`;
}
