/// <reference path="./libpg-query-wasm.d.ts" />
import type { Node } from "libpg-query";
import loadModule, { type PgQueryModule } from "libpg-query/wasm/libpg-query.js";

/** A statement as PostgreSQL's parser returns it; positions count UTF-8 bytes, and 0 is omitted. */
export interface RawStatement {
  stmt?: Node | undefined;
  stmt_location?: number | undefined;
  stmt_len?: number | undefined;
}

/** The text is not SQL that PostgreSQL 16 knows. */
export class SqlSyntaxError extends Error {
  override readonly name = "SqlSyntaxError";
}

/** The text may be valid SQL, but is nested too deeply for the parser's stack. */
export class SqlTooDeepError extends Error {
  override readonly name = "SqlTooDeepError";
}

/** The parser is being loaded: await {@link loadParser}. */
export class ParserBusyError extends Error {
  override readonly name = "ParserBusyError";
}

const silent = { print: () => undefined, printErr: () => undefined };
let current: PgQueryModule | undefined;
let loading: Promise<void> | undefined;

/** Loads the parser (about 15 ms) if it is not loaded: await it before {@link parseStatements}. */
export function loadParser(): Promise<void> {
  loading ??= loadModule(silent).then((module) => {
    current = module;
  });
  return loading;
}

/** Whether {@link parseStatements} can be called; false for some milliseconds after a text that was nested too deeply. */
export const isParserLoaded = (): boolean => current !== undefined;

/** Parses with PostgreSQL's own parser. @throws {SqlSyntaxError} @throws {SqlTooDeepError} @throws {ParserBusyError} */
export function parseStatements(sql: string): readonly RawStatement[] {
  if (sql.trim() === "") return [];
  if (!current) throw new ParserBusyError("the parser is not loaded");
  try {
    return parseWith(current, sql);
  } catch (error) {
    if (error instanceof SqlSyntaxError) throw error;
    replaceModule();
    throw new SqlTooDeepError("the SQL text is nested too deeply", { cause: error });
  }
}

function parseWith(module: PgQueryModule, sql: string): readonly RawStatement[] {
  const size = module.lengthBytesUTF8(sql) + 1;
  const text = module._malloc(size);
  module.stringToUTF8(sql, text, size);
  const result = module._wasm_parse_query_raw(text);
  const tree = module.getValue(result, "i32");
  const failure = module.getValue(result + 8, "i32");
  const message = failure ? module.UTF8ToString(module.getValue(failure, "i32")) : undefined;
  const json = failure ? "" : module.UTF8ToString(tree);
  module._free(text);
  module._wasm_free_parse_result(result);
  if (message !== undefined) throw new SqlSyntaxError(message);
  return (JSON.parse(json) as { stmts?: RawStatement[] }).stmts ?? [];
}

/** A WebAssembly stack that has overflowed leaves its memory in an unknown state; modules share state, so only one loads at a time. */
function replaceModule(): void {
  current = undefined;
  loading = undefined;
  void loadParser();
}
