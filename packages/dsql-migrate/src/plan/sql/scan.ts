import { skipBlank, type Token, tokenAt } from "./lexer.ts";

/** What a script has that PostgreSQL's parser does not know. */
export type Extra =
  | { kind: "create-index-async" | "alter-table-async"; start: number; end: number }
  | { kind: "iam"; start: number; end: number; verb: "GRANT" | "REVOKE"; role: string; arn: string }
  | { kind: "copy-data"; start: number; end: number; statementStart: number }
  | { kind: "psql-command"; start: number; end: number; name: string };

/** A text that PostgreSQL's parser reads: what it does not know is blanked out, so that all positions stay valid. */
export interface ScannedText {
  text: string;
  extras: readonly Extra[];
}

const MAY_HAVE_EXTRAS = /\b(?:async|aws|stdin)\b|^[ \t]*\\/im;

/**
 * Finds DSQL's own statements (`CREATE INDEX ASYNC`, `ALTER TABLE ASYNC`, `AWS IAM GRANT | REVOKE`), the rows after a
 * `COPY … FROM stdin` and psql's commands.
 */
export function scan(sql: string): ScannedText {
  if (!MAY_HAVE_EXTRAS.test(sql)) return { text: sql, extras: [] };
  const extras: Extra[] = [];
  const blanks: { start: number; end: number }[] = [];
  let statement: Token[] = [];
  const finish = (after: number): number => {
    const tokens = statement;
    statement = [];
    if (tokens.length === 0) return after;
    const found = dsqlForm(tokens);
    if (found) {
      extras.push(found.extra);
      blanks.push(found.blank);
    }
    if (!isCopyFromStdin(tokens)) return after;
    const data = copyData(sql, after);
    extras.push({ kind: "copy-data", ...data, statementStart: (tokens[0] as Token).start });
    blanks.push({ start: data.start, end: data.next });
    return data.next;
  };
  let at = skipBlank(sql, 0, sql.length);
  while (at < sql.length) {
    if (statement.length === 0 && sql[at] === "\\") {
      const end = lineEnd(sql, at);
      const line = sql.slice(at, end).trimEnd();
      extras.push({
        kind: "psql-command",
        start: at,
        end: at + line.length,
        name: line.split(/\s/, 1)[0] ?? line,
      });
      blanks.push({ start: at, end });
      at = skipBlank(sql, end, sql.length);
      continue;
    }
    const token = tokenAt(sql, at, sql.length);
    let next = token.end;
    if (token.kind === "symbol" && token.value === ";") next = finish(token.end);
    else statement.push(token);
    at = skipBlank(sql, next, sql.length);
  }
  finish(sql.length);
  return { text: blanked(sql, blanks), extras };
}

function dsqlForm(
  tokens: readonly Token[],
): { extra: Extra; blank: { start: number; end: number } } | undefined {
  const start = (tokens[0] as Token).start;
  const end = (tokens.at(-1) as Token).end;
  const words = tokens.slice(0, 6).map((token) => (token.kind === "word" ? token.value : ""));
  const asyncAt = words[0] === "create" ? (words[1] === "unique" ? 3 : 2) : 2;
  const async = tokens[asyncAt];
  if (words[asyncAt] === "async" && async) {
    if (words[0] === "create" && words[asyncAt - 1] === "index")
      return { extra: { kind: "create-index-async", start, end }, blank: async };
    // A table may be named "async": the word is DSQL's only where a name follows it.
    if (words[0] === "alter" && words[1] === "table" && nameFollows(tokens[asyncAt + 1], tokens[asyncAt + 2]))
      return { extra: { kind: "alter-table-async", start, end }, blank: async };
  }
  const [, , verb, role, preposition, arn] = tokens;
  if (words[0] !== "aws" || words[1] !== "iam" || arn?.kind !== "string" || !role || tokens.length !== 6)
    return undefined;
  const isGrant = verb?.value === "grant" && preposition?.value === "to";
  const isRevoke = verb?.value === "revoke" && preposition?.value === "from";
  if (!isGrant && !isRevoke) return undefined;
  return {
    extra: {
      kind: "iam",
      start,
      end,
      verb: isGrant ? "GRANT" : "REVOKE",
      role: role.value,
      arn: arn.value.slice(1, -1).replaceAll("''", "'"),
    },
    blank: { start, end },
  };
}

const ACTION_WORDS = new Set([
  "add",
  "alter",
  "drop",
  "rename",
  "set",
  "validate",
  "owner",
  "enable",
  "disable",
]);

function nameFollows(token: Token | undefined, next: Token | undefined): boolean {
  if (token?.kind === "quoted-identifier") return true;
  if (token?.kind !== "word") return false;
  // "ALTER TABLE async RENAME TO x": a table of that name. "ALTER TABLE ASYNC add VALIDATE …": a table named "add".
  return !ACTION_WORDS.has(token.value) || next?.value === "validate" || next?.value === ".";
}

function isCopyFromStdin(tokens: readonly Token[]): boolean {
  if (tokens[0]?.value !== "copy") return false;
  const from = tokens.findIndex((token) => token.kind === "word" && token.value === "from");
  return from > 0 && tokens[from + 1]?.value === "stdin";
}

/** The lines after the one that ends the COPY statement, up to `\.` or the end of the text. */
function copyData(sql: string, after: number): { start: number; end: number; next: number } {
  const start = Math.min(lineEnd(sql, after) + 1, sql.length);
  for (let at = start; at < sql.length; at = lineEnd(sql, at) + 1) {
    const end = lineEnd(sql, at);
    if (sql.slice(at, end).trimEnd() === "\\.") return { start, end: at, next: end };
  }
  return { start, end: sql.length, next: sql.length };
}

function lineEnd(sql: string, from: number): number {
  const end = sql.indexOf("\n", from);
  return end < 0 ? sql.length : end;
}

function blanked(sql: string, ranges: readonly { start: number; end: number }[]): string {
  let result = "";
  let at = 0;
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    result += sql.slice(at, start) + sql.slice(start, end).replace(/[^\n\r]/g, " ");
    at = end;
  }
  return result + sql.slice(at);
}
