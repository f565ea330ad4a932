import type { Node, RangeVar, SelectStmt } from "libpg-query";
import { identifier } from "../sql/quoting.ts";
import { type Token, tokenize } from "../sql/tokenizer.ts";
import type { Statement } from "../statements/statement.ts";
import { EXCLUSIVE, KEY_SHARE } from "./marks.ts";

/** A SELECT with FOR UPDATE or FOR KEY SHARE, as it is run: without locks, but reporting the rows that it would have locked. */
export interface LockingRead {
  /** The text with columns added at the end of its select list, each of which identifies a row as `oid ctid row-text`. */
  text: string;
  /** The mark that each added column gives its row. */
  columnMarks: readonly number[];
}

/** Replaces FOR UPDATE and FOR KEY SHARE at any depth with spaces, so that positions in the text stay valid. */
export function withoutLocks(sql: string): string {
  const tokens = [...tokenize(sql)];
  let text = sql;
  for (let at = 0; at < tokens.length; at++) {
    const end = endOfLock(tokens, at);
    if (end === undefined) continue;
    const start = (tokens[at] as Token).start;
    const stop = (tokens[end - 1] as Token).end;
    text = text.slice(0, start) + " ".repeat(stop - start) + text.slice(stop);
    at = end - 1;
  }
  return text;
}

/** The statement as a locking read; undefined if its locks are not at the top level or PostgreSQL refuses them. */
export function lockingRead(statement: Statement): LockingRead | undefined {
  const select = (statement.tree as { SelectStmt?: SelectStmt } | undefined)?.SelectStmt;
  if (statement.kind !== "locking-read" || !select?.lockingClause || !select.targetList?.length)
    return undefined;
  const refused = [
    select.distinctClause,
    select.groupClause,
    select.havingClause,
    select.windowClause,
    select.valuesLists,
  ];
  if (select.op !== "SETOP_NONE" || refused.some((clause) => clause !== undefined)) return undefined;
  const locks = locksOf(select, new Set((select.withClause?.ctes ?? []).map(cteName)));
  const text = withoutLocks(statement.text);
  const from = startOfFrom(text);
  if (from === undefined) return undefined;
  const columns = [...locks.keys()].map(
    (name) => `, pg_catalog.dsql_local_row(${name}.tableoid, ${name}.ctid, ${name})`,
  );
  return {
    text: `${text.slice(0, from)}${columns.join("")} ${text.slice(from)}`,
    columnMarks: [...locks.values()],
  };
}

/** Quoted names of the locked tables -> the marks for their locks. */
function locksOf(select: SelectStmt, ctes: ReadonlySet<string>): Map<string, number> {
  const locks = new Map<string, number>();
  const tables = (select.fromClause ?? [])
    .flatMap(rangeVars)
    .filter((table) => !ctes.has(table.relname ?? ""));
  for (const clause of select.lockingClause ?? []) {
    if (!("LockingClause" in clause)) continue;
    const { lockedRels, strength } = clause.LockingClause;
    const mark = strength === "LCS_FORUPDATE" ? EXCLUSIVE : KEY_SHARE;
    const named = lockedRels?.map((rel) => ("RangeVar" in rel ? (rel.RangeVar.relname ?? "") : ""));
    for (const table of tables) {
      const name = table.alias?.aliasname ?? table.relname ?? "";
      if (named && !named.includes(name)) continue;
      const quoted = identifier(name);
      locks.set(quoted, (locks.get(quoted) ?? 0) | mark);
    }
  }
  return locks;
}

const cteName = (cte: Node): string => ("CommonTableExpr" in cte ? (cte.CommonTableExpr.ctename ?? "") : "");

function rangeVars(from: Node): RangeVar[] {
  if ("RangeVar" in from) return [from.RangeVar];
  if (!("JoinExpr" in from)) return [];
  return [from.JoinExpr.larg, from.JoinExpr.rarg].flatMap((side) => (side ? rangeVars(side) : []));
}

/** The position of the outermost SELECT's FROM. */
function startOfFrom(sql: string): number | undefined {
  let depth = 0;
  let before = "";
  for (const token of tokenize(sql)) {
    if (token.text === "(" || token.text === "[") depth++;
    else if (token.text === ")" || token.text === "]") depth--;
    else if (depth === 0 && token.kind === "word") {
      if (token.text === "from" && before !== "distinct") return token.start;
      before = token.text;
      continue;
    }
    before = "";
  }
  return undefined;
}

/** The index after the last token of the locking clause that begins at token `at`; undefined if none begins there. */
function endOfLock(tokens: readonly Token[], at: number): number | undefined {
  const word = (offset: number): string =>
    tokens[offset]?.kind === "word" ? (tokens[offset] as Token).text : "";
  if (word(at) !== "for") return undefined;
  let end: number;
  if (word(at + 1) === "update") end = at + 2;
  else if (word(at + 1) === "key" && word(at + 2) === "share") end = at + 3;
  else return undefined;
  if (word(end) === "of") {
    end += 2;
    while (tokens[end]?.text === "," || tokens[end]?.text === ".") end += 2;
  }
  if (word(end) === "nowait") end++;
  else if (word(end) === "skip" && word(end + 1) === "locked") end += 2;
  return end;
}
