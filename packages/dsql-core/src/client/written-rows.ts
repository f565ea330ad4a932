/** A statement as it was passed to the driver. */
export interface SentStatement {
  text: string;
  values: readonly unknown[] | undefined;
}

/** A transaction that names more rows than this is too large to take turns over each of them. */
const MAX_ROWS = 20;
/** A longer value is a document rather than a key. */
const MAX_VALUE_LENGTH = 200;

/**
 * Names of the rows that these statements write or lock, such as `items(id=7)`, as far as their SQL and values determine
 * them: in conditions that compare columns with values by `=` or IN, and in INSERT … ON CONFLICT. A row has the same name
 * whatever SQL writes it. A statement whose rows are not known exactly adds none, because transactions that do not conflict
 * must not take turns.
 */
export function writtenRows(statements: readonly SentStatement[]): string[] {
  const rows = new Set<string>();
  for (const { text, values } of statements) {
    for (const row of rowsOf(text, values ?? [])) rows.add(row);
    if (rows.size > MAX_ROWS) return [];
  }
  return [...rows];
}

type Token = { kind: "word" | "quoted" | "text" | "number" | "parameter" | "sign"; value: string };

const TOKEN =
  /\s|--[^\r\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|"((?:[^"]|"")*)"|(?<![\w$])'((?:[^']|'')*)'|\$(\d+)|(\d+(?:\.\d+)?)(?![\w.])|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(::|<>|<=|>=|!=|\|\||[-+*/%<>=(),.;[\]])/y;

/** The tokens of a statement, or undefined if it contains something that this reader does not know. */
function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return undefined;
    const [, quoted, literal, parameter, number, word, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: "quoted", value: quoted.replaceAll('""', '"') });
    else if (literal !== undefined) tokens.push({ kind: "text", value: literal.replaceAll("''", "'") });
    else if (parameter !== undefined) tokens.push({ kind: "parameter", value: parameter });
    else if (number !== undefined) tokens.push({ kind: "number", value: number });
    else if (word !== undefined) tokens.push({ kind: "word", value: word.toLowerCase() });
    else if (sign !== undefined) tokens.push({ kind: "sign", value: sign });
  }
  if (is(tokens.at(-1), ";")) tokens.pop();
  return tokens.some((token) => is(token, ";")) ? undefined : tokens;
}

/** Whether a token is this sign or unquoted word. */
function is(token: Token | undefined, value: string): boolean {
  return token?.value === value && (token.kind === "sign" || token.kind === "word");
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === "word" || token?.kind === "quoted";
}

function rowsOf(text: string, values: readonly unknown[]): string[] {
  const first = text.trimStart().slice(0, LENGTH_OF_FIRST_WORD).toLowerCase();
  const read = READERS.get(first);
  if (read === undefined) return [];
  // A plain read conflicts with nothing, so it is not parsed.
  if (first === "select" && !/\bfor\s+(?:update|no\s+key|key|share)\b/i.test(text)) return [];
  const tokens = tokenize(text);
  return tokens === undefined ? [] : read(tokens, values);
}

/** By the first word of a statement; all have six letters. */
const READERS: ReadonlyMap<string, (tokens: Token[], values: readonly unknown[]) => string[]> = new Map([
  ["update", ofUpdate],
  ["delete", ofDelete],
  ["insert", ofInsert],
  ["select", ofLockingSelect],
]);
const LENGTH_OF_FIRST_WORD = 6;

function ofUpdate(tokens: Token[], values: readonly unknown[]): string[] {
  const table = readTable(tokens, is(tokens[1], "only") ? 2 : 1);
  const set = find(tokens, ["set"], 0);
  const where = find(tokens, ["where"], set);
  if (table === undefined || find(tokens, ["from"], set, where) < where) return [];
  const assigned = split(tokens.slice(set + 1, where), ",").map((assignment) => assignment[0]);
  // `SET (a, b) = …` lists its columns differently.
  if (!assigned.every(isName)) return [];
  const columns = new Set(assigned.map(({ value }) => value));
  return named(table, ofCondition(until(tokens, where, ["returning"]), values, columns));
}

function ofDelete(tokens: Token[], values: readonly unknown[]): string[] {
  if (!is(tokens[1], "from")) return [];
  const table = readTable(tokens, is(tokens[2], "only") ? 3 : 2);
  const where = find(tokens, ["where"], 0);
  if (table === undefined || find(tokens, ["using"], 0, where) < where) return [];
  return named(table, ofCondition(until(tokens, where, ["returning"]), values));
}

/** `SELECT … FROM one_table WHERE … FOR UPDATE`; with a LIMIT, the server chooses which rows are locked. */
function ofLockingSelect(tokens: Token[], values: readonly unknown[]): string[] {
  const from = find(tokens, ["from"], 0);
  const table = readTable(tokens, from + 1);
  const where = find(tokens, ["where"], from);
  if (table === undefined || find(tokens, ["join", ","], from, where) < where) return [];
  if (find(tokens, ["limit", "fetch", "offset", "group", "union"], where) < tokens.length) return [];
  return named(table, ofCondition(until(tokens, where, ["for", "order"]), values));
}

/**
 * `INSERT INTO table (columns) VALUES (…), … ON CONFLICT (columns)`: the rows that the values of the last columns identify.
 */
function ofInsert(tokens: Token[], values: readonly unknown[]): string[] {
  if (!is(tokens[1], "into")) return [];
  const table = readTable(tokens, 2);
  const start = find(tokens, ["values"], 0);
  const conflict = find(tokens, ["conflict"], start);
  const columns = parenthesised(
    tokens,
    tokens.findIndex((token) => is(token, "(")),
  );
  const target = parenthesised(tokens, conflict + 1);
  if (table === undefined || columns === undefined || target === undefined) return [];
  const names = split(columns, ",").map(([column]) => column?.value);
  const keys = split(target, ",").map(([column, ...more]) => (more.length === 0 ? column?.value : undefined));
  const rows: string[] = [];
  for (const row of split(tokens.slice(start + 1, conflict), ",")) {
    const fields = parenthesised(row, 0);
    if (fields === undefined) return [];
    const inOrder = split(fields, ",");
    const pairs = keys.map((key) => {
      const field = inOrder[names.indexOf(key)];
      const value = field && readValue(field, values);
      return key === undefined || value === undefined ? undefined : pair(key, value);
    });
    if (pairs.some((known) => known === undefined)) return [];
    rows.push(`(${pairs.sort().join(",")})`);
  }
  return named(table, rows);
}

function named(table: string, rows: readonly string[]): string[] {
  return rows.map((row) => `${table}${row}`);
}

/** A table's name, without the schema if it is public. */
function readTable(tokens: readonly Token[], at: number): string | undefined {
  const [first, dot, second] = tokens.slice(at);
  if (!isName(first)) return undefined;
  if (!is(dot, ".")) return first.value;
  if (!isName(second)) return undefined;
  return first.value === "public" ? second.value : `${first.value}.${second.value}`;
}

/**
 * Every combination of values that the columns of a condition are compared with, or none if it compares in any other way. A
 * column that the statement assigns does not identify a row: it is a version number, or a balance that must be high enough.
 */
function ofCondition(
  condition: Token[],
  values: readonly unknown[],
  assigned: ReadonlySet<string> = new Set(),
): string[] {
  const columns = new Map<string, string[]>();
  for (const part of conjunction(condition)) {
    const comparison = readComparison(part, values);
    if (comparison === undefined) return [];
    const { column, equals } = comparison;
    if (column === undefined || assigned.has(column)) continue;
    if (equals === undefined || columns.has(column)) return [];
    columns.set(column, equals);
  }
  if (columns.size === 0) return [];
  let rows = [[] as string[]];
  for (const column of [...columns.keys()].sort()) {
    const equals = columns.get(column) as string[];
    if (rows.length * equals.length > MAX_ROWS) return [];
    rows = rows.flatMap((row) => equals.map((value) => [...row, pair(column, value)]));
  }
  return rows.map((row) => `(${row.join(",")})`);
}

function pair(column: string, value: string): string {
  return `${column}=${JSON.stringify(value)}`;
}

/** The parts of a condition that AND joins, in parentheses or not. */
function conjunction(condition: Token[]): Token[][] {
  const inner = parenthesised(condition, 0);
  if (inner?.length === condition.length - 2) return conjunction(inner);
  const parts = split(condition, "and");
  return parts.length === 1 ? parts : parts.flatMap(conjunction);
}

/**
 * One comparison: its column, and the values that this may have. No `column` if the comparison does not help to identify a
 * row; undefined if it may choose any row.
 */
function readComparison(
  part: Token[],
  values: readonly unknown[],
): { column?: string; equals?: string[] } | undefined {
  // Prisma writes 1=1 where there is no condition.
  if (part.map(({ value }) => value).join("") === "1=1") return {};
  // An OR may choose any row.
  if (!isName(part[0]) || find(part, ["or"], 0) < part.length) return undefined;
  let at = 0;
  while (is(part[at + 1], ".") && isName(part[at + 2])) at += 2;
  const column = part[at]?.value as string;
  const [sign, ...right] = part.slice(at + 1);
  if (is(sign, "is")) return isNullTest(right) ? {} : undefined;
  if (is(sign, "=")) {
    const alternatives = is(right[0], "any") ? anyOf(right, values) : undefined;
    const value = readValue(right, values);
    if (alternatives !== undefined) return { column, equals: alternatives };
    return value === undefined ? { column } : { column, equals: [value] };
  }
  if (is(sign, "in")) {
    const list = parenthesised(right, 0);
    if (list === undefined || list.length + 2 !== right.length) return { column };
    const equals = split(list, ",").map((item) => readValue(item, values));
    return equals.every((value) => value !== undefined) ? { column, equals } : { column };
  }
  // An operator that this reader does not know may choose any row, too.
  const compares = ["<", ">", "<=", ">=", "<>", "!="].some((value) => is(sign, value));
  return compares && readValue(right, values) !== undefined ? { column } : undefined;
}

function isNullTest(tokens: Token[]): boolean {
  return /^(?:not )?null$/.test(tokens.map(({ value }) => value).join(" "));
}

/** The members of `ANY($1)`. */
function anyOf(tokens: Token[], values: readonly unknown[]): string[] | undefined {
  const inner = parenthesised(tokens, 1);
  if (inner?.length !== tokens.length - 3) return undefined;
  const [parameter, ...rest] = inner;
  if (parameter?.kind !== "parameter" || (rest.length > 0 && !is(rest[0], "::"))) return undefined;
  const list = values[Number(parameter.value) - 1];
  if (!Array.isArray(list)) return undefined;
  const members = list.map(canonical);
  return members.every((member) => member !== undefined) ? members : undefined;
}

/** The value of a parameter or a literal, with or without a cast. */
function readValue(tokens: readonly Token[], values: readonly unknown[]): string | undefined {
  const isCast = tokens.length === 3 && is(tokens[1], "::") && isName(tokens[2]);
  if (tokens.length !== 1 && !isCast) return undefined;
  const token = tokens[0] as Token;
  if (token.kind === "parameter") return canonical(values[Number(token.value) - 1]);
  return token.kind === "text" || token.kind === "number" ? canonical(token.value) : undefined;
}

/** A value as text, so that 7 and "7" are the same key; undefined if it cannot identify a row. */
function canonical(value: unknown): string | undefined {
  let text: string;
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      text = String(value);
      break;
    default:
      if (value instanceof Date && !Number.isNaN(value.getTime())) text = value.toISOString();
      else if (value instanceof Uint8Array)
        text = Buffer.from(value.subarray(0, MAX_VALUE_LENGTH)).toString("hex");
      else return undefined;
  }
  return text.length <= MAX_VALUE_LENGTH ? text : undefined;
}

/** The index of the first of these words or signs outside parentheses, from `from` on; `to` if there is none before it. */
function find(tokens: readonly Token[], wanted: readonly string[], from: number, to = tokens.length): number {
  let depth = 0;
  for (const [offset, token] of tokens.slice(from, to).entries()) {
    if (is(token, "(")) depth++;
    if (is(token, ")")) depth--;
    if (depth === 0 && wanted.some((value) => is(token, value))) return from + offset;
  }
  return to;
}

/** The tokens after `start`, up to the first of these words outside parentheses. */
function until(tokens: Token[], start: number, ends: readonly string[]): Token[] {
  return tokens.slice(start + 1, find(tokens, ends, start));
}

/** Splits tokens at a word or sign, outside parentheses. */
function split(tokens: readonly Token[], separator: string): Token[][] {
  let part: Token[] = [];
  const parts = [part];
  let depth = 0;
  for (const token of tokens) {
    if (is(token, "(")) depth++;
    if (is(token, ")")) depth--;
    if (depth === 0 && is(token, separator)) {
      part = [];
      parts.push(part);
    } else {
      part.push(token);
    }
  }
  return parts;
}

/** The tokens inside the parentheses that open at this index, if one does. */
function parenthesised(tokens: readonly Token[], at: number): Token[] | undefined {
  if (!is(tokens[at], "(")) return undefined;
  let depth = 0;
  for (const [offset, token] of tokens.slice(at).entries()) {
    if (is(token, "(")) depth++;
    if (is(token, ")") && --depth === 0) return tokens.slice(at + 1, at + offset);
  }
  return undefined;
}
