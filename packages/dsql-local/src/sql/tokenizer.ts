/** A piece of SQL text; `start` and `end` count UTF-16 units. White space and comments are not among them. */
export interface Token {
  kind: "word" | "quoted-identifier" | "string" | "parameter" | "number" | "symbol";
  /** A word in lower case, a quoted identifier without its quotes; otherwise as written. */
  text: string;
  start: number;
  end: number;
}

const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER =
  /(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)/y;
const PARAMETER = /\$[0-9]+/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const SPACE = /[ \t\n\r\f\v]+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
/** Between two parts of one string literal: white space and line comments with a line break among them. */
const CONTINUATION = /(?:[ \t\f\v]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f\v]+|--[^\n\r]*[\n\r])*'/y;

/** Splits SQL text like PostgreSQL's lexer; an unfinished string or comment reaches to the end of the text. */
export function* tokenize(sql: string): Generator<Token, void> {
  let at = 0;
  const match = (pattern: RegExp): number | undefined => {
    pattern.lastIndex = at;
    return pattern.test(sql) ? pattern.lastIndex : undefined;
  };
  while (at < sql.length) {
    const start = at;
    const skipped = match(SPACE) ?? match(LINE_COMMENT);
    if (skipped !== undefined) at = skipped;
    else if (sql.startsWith("/*", at)) at = endOfBlockComment(sql, at);
    else {
      const token = stringToken(sql, at) ?? plainToken(sql, at, match);
      at = token.end;
      yield { ...token, start };
    }
  }
}

type Cut = Omit<Token, "start">;

function plainToken(sql: string, at: number, match: (pattern: RegExp) => number | undefined): Cut {
  const word = match(WORD);
  if (word !== undefined) return { kind: "word", text: sql.slice(at, word).toLowerCase(), end: word };
  const number = match(NUMBER);
  if (number !== undefined) return { kind: "number", text: sql.slice(at, number), end: number };
  const parameter = match(PARAMETER);
  if (parameter !== undefined) return { kind: "parameter", text: sql.slice(at, parameter), end: parameter };
  const tag = match(DOLLAR_TAG);
  if (tag !== undefined) {
    const closing = sql.indexOf(sql.slice(at, tag), tag);
    const end = closing < 0 ? sql.length : closing + (tag - at);
    return { kind: "string", text: sql.slice(at, end), end };
  }
  return { kind: "symbol", text: sql[at] as string, end: at + 1 };
}

function stringToken(sql: string, at: number): Cut | undefined {
  const lead = /^(?:[uU]&(?=['"])|[eEbBxXnN](?='))/.exec(sql.slice(at, at + 3))?.[0] ?? "";
  const quote = sql[at + lead.length];
  if (quote === '"') {
    const end = endOfQuoted(sql, at + lead.length, false);
    const closed = end > at + lead.length + 1 && sql[end - 1] === '"';
    const text = sql.slice(at + lead.length + 1, closed ? end - 1 : end).replaceAll('""', '"');
    return { kind: "quoted-identifier", text, end };
  }
  if (quote !== "'") return undefined;
  const hasEscapes = lead === "e" || lead === "E";
  let end = endOfQuoted(sql, at + lead.length, hasEscapes);
  for (;;) {
    CONTINUATION.lastIndex = end;
    if (end >= sql.length || !CONTINUATION.test(sql)) break;
    end = endOfQuoted(sql, CONTINUATION.lastIndex - 1, hasEscapes);
  }
  return { kind: "string", text: sql.slice(at, end), end };
}

/** The end of the quoted text that begins at `open`, including the closing quote. */
function endOfQuoted(sql: string, open: number, hasEscapes: boolean): number {
  const quote = sql[open];
  for (let at = open + 1; at < sql.length; at++) {
    if (hasEscapes && sql[at] === "\\") at++;
    else if (sql[at] === quote && sql[at + 1] === quote) at++;
    else if (sql[at] === quote) return at + 1;
  }
  return sql.length;
}

function endOfBlockComment(sql: string, open: number): number {
  let depth = 1;
  for (let at = open + 2; at < sql.length; at++) {
    if (sql[at] === "/" && sql[at + 1] === "*") {
      depth++;
      at++;
    } else if (sql[at] === "*" && sql[at + 1] === "/") {
      at++;
      if (--depth === 0) return at + 1;
    }
  }
  return sql.length;
}
