import type { Node } from "libpg-query";
import { judge } from "../rules/judge.ts";
import type { Refusal } from "../rules/refusal.ts";
import { transactionRefusals } from "../rules/transaction-refusals.ts";
import {
  ParserBusyError,
  parseStatements,
  type RawStatement,
  SqlSyntaxError,
  SqlTooDeepError,
} from "../sql/pg-parser.ts";
import { stringOf } from "../sql/tree.ts";
import { utf8Positions } from "../sql/utf8-positions.ts";
import { iamCall } from "./calls.ts";
import { blankDsqlForms, type DsqlForm } from "./dsql-forms.ts";
import { RecentCache } from "./recent-cache.ts";
import type { ParsedQuery, Statement } from "./statement.ts";
import { statementKind } from "./statement-kind.ts";
import { tableReferences } from "./table-references.ts";
import { translate } from "./translate.ts";

/** Longer texts are not cached. */
const MAX_CACHED_LENGTH = 64 * 1024;

const cache = new RecentCache<ParsedQuery>({ maxEntries: 1000, maxWeight: 4 * 1024 * 1024 });

/**
 * Splits a query text into its statements, judges each (whether DSQL refuses it, and with which error), and translates it for
 * PostgreSQL. Results are cached.
 *
 * `loadParser()` must have been awaited.
 */
export function parseQuery(sql: string): ParsedQuery {
  const known = cache.get(sql);
  if (known) return known;
  const parsed = parse(sql);
  const isLasting = !("statements" in parsed) || parsed.statements[0]?.refusal !== PARSER_BUSY;
  if (isLasting && sql.length <= MAX_CACHED_LENGTH) cache.set(sql, parsed, sql.length);
  return parsed;
}

/** PostgreSQL's own error for a text that overflows its stack. */
const TOO_DEEP: Refusal = { sqlstate: "54001", message: "stack depth limit exceeded", rule: "stack-depth" };
const PARSER_BUSY: Refusal = { sqlstate: "XX000", message: "server unavailable", rule: "parser-busy" };

/** A text that was not parsed, as one statement that is refused. */
const unread = (source: string, refusal: Refusal): Statement => ({
  ...{ source, text: source, start: 0, kind: "other", tables: [], refusal },
});

function parse(sql: string): ParsedQuery {
  // DSQL's own syntax, which PostgreSQL's parser cannot read, becomes spaces; all positions stay valid.
  const { text, forms } = blankDsqlForms(sql);
  try {
    const raw = parseStatements(text);
    const toUtf16 = utf8Positions(text);
    const statements = raw.map((statement) => {
      const { start, end } = extent(statement, text, toUtf16);
      const form = forms.find((candidate) => candidate.start >= start && candidate.end <= end);
      const part = text.slice(start, end);
      // Parsed by itself, so that positions in the tree count from the statement's own beginning.
      const tree = raw.length === 1 && start === 0 ? statement.stmt : parseStatements(part)[0]?.stmt;
      return analyse({ tree: tree as Node, source: sql.slice(start, end), text: part, start, form });
    });
    // Of AWS IAM GRANT and REVOKE nothing was left to parse.
    for (const form of forms) if (form.kind === "iam") statements.push(iamStatement(sql, form));
    return { statements: statements.toSorted((a, b) => a.start - b.start) };
  } catch (error) {
    if (error instanceof SqlSyntaxError) return { syntaxError: true, text };
    // What could not be read has not been checked, so it is not sent to PostgreSQL.
    if (error instanceof ParserBusyError) return { statements: [unread(sql, PARSER_BUSY)] };
    // A RangeError: our own recursion over the tree has overflowed JavaScript's stack.
    if (error instanceof SqlTooDeepError || error instanceof RangeError)
      return { statements: [unread(sql, TOO_DEEP)] };
    throw error;
  }
}

/** Where a statement begins and ends in the text, in UTF-16 units and without the white space before it; the parser counts bytes. */
function extent(
  raw: RawStatement,
  text: string,
  toUtf16: (bytes: number) => number,
): { start: number; end: number } {
  const from = raw.stmt_location ?? 0;
  const start = toUtf16(from);
  const end = raw.stmt_len ? toUtf16(from + raw.stmt_len) : text.length;
  const space = /^\s*/.exec(text.slice(start, end))?.[0].length ?? 0;
  return { start: start + space, end };
}

/** One statement of a query text; the fields are those of {@link Statement}, but `text` is not yet translated. */
interface Part {
  tree: Node;
  source: string;
  text: string;
  start: number;
  form?: DsqlForm | undefined;
}

function analyse({ tree, source, text, start, form }: Part): Statement {
  const context = { text, ...(form && form.kind !== "iam" && { form: form.kind }) };
  const { refusal = bodyRefusal(tree), catalogChecks } = judge(tree, context);
  const translation = refusal ? { text } : translate(tree, context);
  // With a command tag the translation is a call, and the tree stays that of the client's statement.
  const isEdited = translation.text !== text && translation.commandTag === undefined;
  const translatedTree = isEdited ? (parseStatements(translation.text)[0]?.stmt as Node) : tree;
  return {
    source,
    start,
    ...translation,
    kind: statementKind(tree),
    tables: tableReferences(translatedTree, isEdited ? translation.text : text),
    tree: translatedTree,
    ...(refusal && { refusal }),
    ...(catalogChecks.length > 0 && !refusal && { catalogChecks }),
    ...transactionRefusals(tree),
  };
}

/** The refusal of the first refused statement in the body of a function. */
function bodyRefusal(tree: Node): Refusal | undefined {
  if (!("CreateFunctionStmt" in tree)) return undefined;
  for (const option of tree.CreateFunctionStmt.options ?? []) {
    if (!("DefElem" in option) || option.DefElem.defname !== "as") continue;
    const { arg } = option.DefElem;
    const body = parseQuery(arg && "List" in arg ? stringOf(arg.List.items?.[0]) : "");
    if ("statements" in body) return body.statements.find((statement) => statement.refusal)?.refusal;
  }
  return undefined;
}

function iamStatement(sql: string, form: Extract<DsqlForm, { kind: "iam" }>): Statement {
  const source = sql.slice(form.start, form.end);
  return { source, start: form.start, kind: "ddl", tables: [], ...iamCall(form.action) };
}
