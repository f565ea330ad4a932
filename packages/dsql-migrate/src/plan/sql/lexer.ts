/** One word, literal or symbol of SQL; comments and white space are not tokens. */
export interface Token {
  kind: "word" | "quoted-identifier" | "string" | "number" | "parameter" | "symbol" | "operator";
  /** A word in lower case, a quoted identifier without its quotes, anything else as written. */
  value: string;
  start: number;
  end: number;
}

const IDENTIFIER = /[A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER =
  /(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?)/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const OPERATOR_CHARACTERS = "+-*/<>=~!@#%^&|`?";

/**
 * Cuts SQL into tokens as PostgreSQL's scanner does (PostgreSQL 16, "Lexical Structure"), so that an edit falls on
 * whole words. What a statement means is for the parser to decide. An unterminated literal or comment reaches to the end.
 */
export function tokenize(sql: string, from = 0, to = sql.length): Token[] {
  const tokens: Token[] = [];
  let at = skipBlank(sql, from, to);
  while (at < to) {
    const token = tokenAt(sql, at, to);
    tokens.push(token);
    at = skipBlank(sql, token.end, to);
  }
  return tokens;
}

/** The first position from `from` on that is neither white space nor inside a comment. */
export function skipBlank(sql: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const character = sql[at] as string;
    if (isSpace(character)) at++;
    else if (character === "-" && sql[at + 1] === "-") at = lineEnd(sql, at, to);
    else if (character === "/" && sql[at + 1] === "*") at = blockCommentEnd(sql, at, to);
    else break;
  }
  return Math.min(at, to);
}

function isSpace(character: string): boolean {
  return (
    character === " " ||
    character === "\n" ||
    character === "\t" ||
    character === "\r" ||
    character === "\f" ||
    character === "\v"
  );
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

function isIdentifierStart(character: string): boolean {
  return (
    (character >= "a" && character <= "z") ||
    (character >= "A" && character <= "Z") ||
    character === "_" ||
    character >= "\u0080"
  );
}

function lineEnd(sql: string, from: number, to: number): number {
  let at = from;
  while (at < to && sql[at] !== "\n" && sql[at] !== "\r") at++;
  return at;
}

function blockCommentEnd(sql: string, from: number, to: number): number {
  let depth = 0;
  let at = from;
  while (at < to) {
    if (sql[at] === "/" && sql[at + 1] === "*") {
      depth++;
      at += 2;
    } else if (sql[at] === "*" && sql[at + 1] === "/") {
      depth--;
      at += 2;
      if (depth === 0) return at;
    } else at++;
  }
  return to;
}

/** The token that begins at `start`, which is neither white space nor a comment. */
export function tokenAt(sql: string, start: number, to: number): Token {
  const character = sql[start] as string;
  const next = sql[start + 1] ?? "";
  if (character === "'") return token("string", sql, start, quoteEnd(sql, start, to, "'", false));
  if (character === '"') return quotedIdentifier(sql, start, start, to);
  if (next === "'" && (character === "e" || character === "E"))
    return token("string", sql, start, quoteEnd(sql, start + 1, to, "'", true));
  if (next === "'" && "bBxXnN".includes(character))
    return token("string", sql, start, quoteEnd(sql, start + 1, to, "'", false));
  if (next === "&" && (character === "u" || character === "U") && sql[start + 2] === "'")
    return token("string", sql, start, quoteEnd(sql, start + 2, to, "'", false));
  if (next === "&" && (character === "u" || character === "U") && sql[start + 2] === '"')
    return quotedIdentifier(sql, start, start + 2, to);
  if (isIdentifierStart(character)) {
    const end = Math.min(match(IDENTIFIER, sql, start) ?? start + 1, to);
    return { kind: "word", value: sql.slice(start, end).toLowerCase(), start, end };
  }
  if (isDigit(character) || (character === "." && isDigit(next)))
    return token("number", sql, start, Math.min(match(NUMBER, sql, start) ?? start + 1, to));
  if (character === "$") return dollar(sql, start, to);
  if (OPERATOR_CHARACTERS.includes(character))
    return token("operator", sql, start, operatorEnd(sql, start, to));
  if (character === ":" && (next === ":" || next === "=")) return token("operator", sql, start, start + 2);
  return token("symbol", sql, start, start + 1);
}

function token(kind: Token["kind"], sql: string, start: number, end: number): Token {
  return { kind, value: sql.slice(start, end), start, end };
}

function quotedIdentifier(sql: string, start: number, quote: number, to: number): Token {
  const end = quoteEnd(sql, quote, to, '"', false);
  return {
    kind: "quoted-identifier",
    value: sql.slice(quote + 1, end - 1).replaceAll('""', '"'),
    start,
    end,
  };
}

/** The end of the literal that the quote at `from` opens; a doubled quote does not end it. */
function quoteEnd(sql: string, from: number, to: number, quote: string, hasBackslashes: boolean): number {
  let at = from + 1;
  while (at < to) {
    if (hasBackslashes && sql[at] === "\\") at += 2;
    else if (sql[at] !== quote) at++;
    else if (sql[at + 1] === quote) at += 2;
    else return at + 1;
  }
  return to;
}

function dollar(sql: string, start: number, to: number): Token {
  const tagEnd = match(DOLLAR_TAG, sql, start);
  if (tagEnd !== undefined) {
    const tag = sql.slice(start, tagEnd);
    const close = sql.indexOf(tag, tagEnd);
    return token("string", sql, start, close < 0 ? to : Math.min(close + tag.length, to));
  }
  let end = start + 1;
  while (end < to && isDigit(sql[end] as string)) end++;
  return token("parameter", sql, start, end);
}

function operatorEnd(sql: string, start: number, to: number): number {
  let end = start;
  while (end < to && OPERATOR_CHARACTERS.includes(sql[end] as string)) {
    const opensComment =
      (sql[end] === "-" && sql[end + 1] === "-") || (sql[end] === "/" && sql[end + 1] === "*");
    if (opensComment && end > start) break;
    end++;
  }
  return Math.max(end, start + 1);
}

function match(pattern: RegExp, sql: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(sql) && pattern.lastIndex > at ? pattern.lastIndex : undefined;
}
