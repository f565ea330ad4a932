import type { Node } from "libpg-query";
import { REPEATABLE, ROWS } from "../done.ts";
import { identifier, literal, qualified } from "../sql/quote.ts";
import { as, type NodeBody, names, walk } from "../sql/tree.ts";
import { nameOf, type Work } from "../work.ts";
import { splitAtCommas } from "./columns.ts";
import { setConfig } from "./settings.ts";

const MAX_ROWS = 3000;
/** The most rows of one INSERT that this planner writes; well below DSQL's limit, because a row may have up to 2 MiB. */
const CHUNK_ROWS = 1000;
/** Characters of one such INSERT, below the 10 MiB of a transaction. */
const CHUNK_CHARACTERS = 1024 * 1024;

/** INSERT, UPDATE, DELETE. */
export function changeRows(work: Work, tree: Node): undefined {
  const insert = as("InsertStmt", tree);
  const wholeTable = as("UpdateStmt", tree) ?? as("DeleteStmt", tree);
  rowsMayBe(work);
  if (wholeTable && !wholeTable.whereClause && isKnownToHaveRows(work, wholeTable.relation))
    work.warn(
      "many-rows",
      `Every row of ${qualified(nameOf(wholeTable.relation))} is changed in one transaction.`,
    );
  if (insert && splitInsert(work, insert)) return;
  work.step({ kind: "dml", done: ROWS });
}

/** SELECT, which may change rows too (setval, a function, WITH … INSERT). */
export function select(work: Work, statement: NodeBody<"SelectStmt">): undefined {
  if (setConfig(work, statement)) return;
  let changes = false;
  walk(statement, (name, body) => {
    const call = name === "FuncCall" ? names((body as NodeBody<"FuncCall">).funcname).at(-1) : undefined;
    if (name === "InsertStmt" || name === "UpdateStmt" || name === "DeleteStmt") changes = true;
    // Setting a sequence to a constant again is harmless.
    else if (call !== undefined && call !== "setval") changes = true;
  });
  if (changes) rowsMayBe(work);
  work.step({ kind: "dml", done: changes ? ROWS : REPEATABLE });
}

/** From here on tables of this text may have rows. */
function rowsMayBe(work: Work): undefined {
  for (const draft of work.script.tableDrafts.values()) draft.hasRows = true;
  if (work.script.transaction) work.script.transaction.rowChanges++;
}

function isKnownToHaveRows(work: Work, relation: NodeBody<"RangeVar"> | undefined): boolean {
  return relation !== undefined && !work.schema.views.has(nameOf(relation).name);
}

/** Splits an INSERT of more rows than a transaction may change; returns whether it did. */
function splitInsert(work: Work, insert: NodeBody<"InsertStmt">): boolean {
  const rows = as("SelectStmt", insert.selectStmt)?.valuesLists;
  if (!rows || rows.length <= MAX_ROWS) return false;
  const { tokens } = work;
  const first = tokens.findIndex(
    ({ kind, value }, index) => kind === "word" && value === "values" && tokens[index + 1]?.value === "(",
  );
  const after = tokens.findIndex(
    ({ kind, value }, index) =>
      index > first &&
      kind === "word" &&
      (value === "on" || value === "returning") &&
      depthAt(work, first, index) === 0,
  );
  const end = after < 0 ? tokens.length : after;
  const lists = splitAtCommas(tokens.slice(first + 1, end));
  if (lists.length !== rows.length) return false;
  const head = work.text({ start: work.statement.start, end: tokens[first]?.end ?? 0 });
  const tail =
    after < 0 ? "" : ` ${work.text({ start: tokens[after]?.start ?? 0, end: work.statement.end })}`;
  const texts = lists.map((list) => work.text({ start: list[0]?.start ?? 0, end: list.at(-1)?.end ?? 0 }));
  for (const chunk of chunks(texts))
    work.extraStep(`${head}\n  ${chunk.join(",\n  ")}${tail}`, { kind: "dml", done: ROWS }, [
      "insert-split",
      `${rows.length} rows are inserted by several statements: a DSQL transaction changes at most ${MAX_ROWS}.`,
    ]);
  return true;
}

function depthAt(work: Work, from: number, to: number): number {
  let depth = 0;
  for (let index = from; index < to; index++) {
    const value = work.tokens[index]?.kind === "symbol" ? work.tokens[index]?.value : "";
    if (value === "(") depth++;
    if (value === ")") depth--;
  }
  return depth;
}

function* chunks(rows: readonly string[]): Generator<string[]> {
  let chunk: string[] = [];
  let characters = 0;
  for (const row of rows) {
    if (chunk.length >= CHUNK_ROWS || (chunk.length > 0 && characters + row.length > CHUNK_CHARACTERS)) {
      yield chunk;
      chunk = [];
      characters = 0;
    }
    chunk.push(row);
    characters += row.length;
  }
  if (chunk.length > 0) yield chunk;
}

/** COPY: the rows of a dump become INSERT statements. */
export function copy(work: Work, statement: NodeBody<"CopyStmt">): undefined {
  const data = work.statement.copyData;
  if (!statement.is_from || statement.filename !== undefined || !data || !statement.relation)
    return work.refuse("copy-refused", "Only a COPY … FROM stdin whose rows follow it is planned.");
  if (statement.options?.length)
    return work.refuse("copy-refused", "Only the text format of COPY, as pg_dump writes it, is planned.");
  rowsMayBe(work);
  const table = qualified(nameOf(statement.relation));
  const columns = names(statement.attlist);
  const list = columns.length > 0 ? ` (${columns.map(identifier).join(", ")})` : "";
  const rows: string[] = [];
  for (const line of work.script.text.slice(data.start, data.end).split(/\r?\n/))
    if (line !== "") rows.push(`(${copyValues(line)})`);
  for (const chunk of chunks(rows))
    work.extraStep(
      `INSERT INTO ${table}${list}${overriding(work, statement)} VALUES\n  ${chunk.join(",\n  ")}`,
      { kind: "dml", done: ROWS },
      ["copy-rows", `The ${rows.length} rows of COPY become INSERT statements.`],
    );
}

/** COPY writes identity columns too, which INSERT does not without this clause. */
function overriding(work: Work, statement: NodeBody<"CopyStmt">): string {
  const table = work.schema.table(nameOf(statement.relation));
  return [...(table?.columns.values() ?? [])].some(({ identity }) => /\balways\b/i.test(identity ?? ""))
    ? " OVERRIDING SYSTEM VALUE"
    : "";
}

const ESCAPES: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** The values of one line of COPY's text format (PostgreSQL 16, "COPY", File Formats). */
function copyValues(line: string): string {
  return line
    .split("\t")
    .map((field) => {
      if (field === "\\N") return "NULL";
      const value = field.replace(
        /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|([\s\S]))/g,
        (_, octal?: string, hex?: string, other?: string) => {
          if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
          if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
          return ESCAPES[other as string] ?? (other as string);
        },
      );
      return literal(value).trim();
    })
    .join(", ");
}
