import { Column, getTableName, is, Param, Placeholder, SQL, StringChunk, Table } from "drizzle-orm";

/** One entry of a relational query's select list, as far as both versions of drizzle-orm agree. */
interface Selected {
  /** A column, SQL, or in 1.0 the aliased table of a relation. */
  field?: unknown;
  /** 1.0: "Column", "SQL", "Aliased", "Nested". */
  fieldType?: string;
  /** 0.45: the entry is a relation. */
  isJson?: boolean;
  selection?: unknown;
}

/**
 * Whether a relation may select a column of a row outside of it: the caller's own SQL (`extras`) can name any row in scope,
 * in the relation itself or in a relation below it. SQL that consists of the relation's own columns, values, operators and
 * function calls does not. `table` is the relation's aliased table in 1.0; 0.45 turns every column in extras into one of the relation.
 */
export function maySelectOuterRow(selection: unknown, table?: unknown): boolean {
  if (!Array.isArray(selection)) return false;
  return selection.some(({ field, fieldType, isJson, selection: inner }: Selected) => {
    if (fieldType === "Nested" || isJson === true) return maySelectOuterRow(inner, field);
    const isSql = is(field, SQL) || is(field, SQL.Aliased);
    return isSql && !namesOwnRowOnly(field, is(table, Table) ? getTableName(table) : undefined);
  });
}

function namesOwnRowOnly(sql: unknown, alias: string | undefined): boolean {
  if (is(sql, SQL.Aliased)) return namesOwnRowOnly(sql.sql, alias);
  if (Array.isArray(sql)) return sql.every((item) => namesOwnRowOnly(item, alias));
  if (is(sql, SQL))
    return sql.queryChunks.every((chunk, at) => isNewName(sql, at) || namesOwnRowOnly(chunk, alias));
  if (is(sql, StringChunk)) return namesNoColumn(chunkText(sql));
  if (is(sql, Column))
    return alias === undefined || getTableName((sql as unknown as { table: Table }).table) === alias;
  if (is(sql, Param) || is(sql, Placeholder)) return true;
  return typeof sql !== "object" || sql === null || sql instanceof Date;
}

/** The text of a chunk: an array of strings in 0.45, a string in 1.0. */
export function chunkText(chunk: { readonly value: string | readonly string[] }): string {
  return [chunk.value].flat().join("");
}

/** The name behind AS, which 1.0 adds to the caller's SQL. */
function isNewName({ queryChunks }: SQL, at: number): boolean {
  const before = queryChunks[at - 1];
  return at === queryChunks.length - 1 && is(before, StringChunk) && /\) as $/.test(chunkText(before));
}

const STRING_LITERAL = /(?<![\w$])'(?:[^'\\]|'')*'/g;
const FUNCTION_OR_CAST = /::\s*\w+|\b(?!select\b|values\b|table\b|with\b|lateral\b)[a-z_]\w*\s*\(/gi;
const KEYWORD =
  /\b(?:and|or|not|is|null|true|false|case|when|then|else|end|like|ilike|between|in|distinct|as)\b/gi;

/** Whether plain SQL is certain to name no column: without literals, calls, casts and keywords, no letter is left. */
function namesNoColumn(text: string): boolean {
  // Next to a comment, an escape or a dollar quote, quotes may not delimit strings.
  if (/--|\/\*|\\|\$/.test(text)) return false;
  const rest = text.replace(STRING_LITERAL, " ").replace(FUNCTION_OR_CAST, " ").replace(KEYWORD, " ");
  return /^[\d\s()+\-*/%<>=!|&,.:^~#@]*$/.test(rest);
}
