/** A piece of SQL on one line, for use elsewhere; it stays unchanged if it may contain a comment to the end of a line. */
export function oneLine(sql: string): string {
  return sql.includes("--") ? sql : sql.replace(/\s+/g, " ").trim();
}
