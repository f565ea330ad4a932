import type { Client } from "pg";
import { internalsOf } from "./pg-internals.ts";

/**
 * An object that contains a statement's SQL: a config object, pg's Query, a cursor, or a query stream, which has it in its
 * cursor.
 */
export interface StatementWithText {
  text?: unknown;
  name?: unknown;
  cursor?: { text?: unknown } | undefined;
}

/** The SQL of a statement passed to `query`; one that was prepared on this connection may be passed by its name alone. */
export function statementText(client: Client, query: unknown): string | undefined {
  if (typeof query === "string") return query;
  if (typeof query !== "object" || query === null) return undefined;
  const { text, name, cursor } = query as StatementWithText;
  const prepared = internalsOf(client).connection.parsedStatements[name as string];
  const found = text ?? cursor?.text ?? prepared;
  return typeof found === "string" ? found : undefined;
}
