/** A piece of SQL in one line, for use elsewhere; one that may hold a comment to the end of a line stays as it is. */
export function oneLine(sql: string): string {
  return sql.includes("--") ? sql : sql.replace(/\s+/g, " ").trim();
}
