import { hasSqlDetails, loadModule, type Node, parseSync } from "libpg-query";
import { skipBlank } from "./lexer.ts";
import { offsetOfCodePoint, utf16Offsets } from "./positions.ts";
import { type Extra, scan } from "./scan.ts";

/** One statement of a script, by its extent in the text: from its first word on, without white space at the end. */
export interface ParsedStatement {
  start: number;
  end: number;
  /** Undefined for what PostgreSQL's grammar does not have; then `extra` says what it is. */
  tree?: Node;
  extra?: Extra;
  /** The rows that follow a `COPY … FROM stdin`. */
  copyData?: { start: number; end: number };
}

/** A parsed script. */
export interface ParsedScript {
  /** The text that the parser's offsets refer to. */
  text: string;
  /** Turns the parser's offsets into UTF-16 units. */
  toUtf16: (byteOffset: number) => number;
  statements: ParsedStatement[];
  syntaxError?: { message: string; offset: number };
}

interface RawStatement {
  stmt?: Node;
  stmt_location?: number;
  stmt_len?: number;
}

/** Parses a script with PostgreSQL 16's own grammar, and DSQL's additions to it. */
export async function parseScript(sql: string): Promise<ParsedScript> {
  await loadModule();
  const { text, extras } = scan(sql);
  const toUtf16 = utf16Offsets(text);
  if (skipBlank(text, 0, text.length) >= text.length) {
    return { text, toUtf16, statements: standAlone(extras) };
  }
  let raw: RawStatement[];
  try {
    raw = (parseSync(text) as { stmts?: RawStatement[] }).stmts ?? [];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const position = hasSqlDetails(error) ? error.sqlDetails.cursorPosition : 0;
    const offset = Math.min(offsetOfCodePoint(text, Math.max(position, 0)), text.length);
    return { text, toUtf16, statements: [], syntaxError: { message: error.message, offset } };
  }
  const statements: ParsedStatement[] = raw.map(({ stmt, stmt_location = 0, stmt_len }) => {
    const limit = stmt_len ? toUtf16(stmt_location + stmt_len) : text.length;
    const start = skipBlank(text, toUtf16(stmt_location), limit);
    const end = start + text.slice(start, limit).trimEnd().length;
    return { start, end, tree: stmt as Node };
  });
  if (extras.length === 0) return { text, toUtf16, statements };
  for (const statement of statements) {
    for (const extra of extras) {
      if (extra.kind === "copy-data") {
        if (extra.statementStart === statement.start) statement.copyData = extra;
      } else if (extra.kind !== "psql-command" && extra.start === statement.start) statement.extra = extra;
    }
  }
  const all = [...statements, ...standAlone(extras)].sort((a, b) => a.start - b.start);
  return { text, toUtf16, statements: all };
}

/** A statement of DSQL's own, or a command of psql. */
function standAlone(extras: readonly Extra[]): ParsedStatement[] {
  return extras.flatMap((extra) =>
    extra.kind === "iam" || extra.kind === "psql-command"
      ? [{ start: extra.start, end: extra.end, extra }]
      : [],
  );
}

/** Parses one piece of SQL, such as a function's body; undefined if it does not parse. `parseScript` must have run. */
export function parseNow(sql: string): Node[] | undefined {
  try {
    return ((parseSync(sql) as { stmts?: RawStatement[] }).stmts ?? []).flatMap(({ stmt }) => stmt ?? []);
  } catch {
    return undefined;
  }
}
