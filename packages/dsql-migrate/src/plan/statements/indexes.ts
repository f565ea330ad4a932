import { indexValid } from "../done.ts";
import { keyOf } from "../schema.ts";
import { oneLine } from "../sql/one-line.ts";
import { identifier } from "../sql/quote.ts";
import { as, type NodeBody, names, nodeName, only } from "../sql/tree.ts";
import { nameOf, type Work } from "../work.ts";
import { endOfName } from "./alter-table.ts";
import { closing, judgeCollation } from "./columns.ts";
import { countIndexes, judgeKey } from "./constraints.ts";
import { generatedName } from "./names.ts";

/** Operator classes that mean the default, if only because the one collation is C. */
const DEFAULT_CLASSES: ReadonlySet<string> = new Set(
  (
    "int2_ops int4_ops int8_ops float4_ops float8_ops numeric_ops text_ops varchar_ops bpchar_ops char_ops name_ops bool_ops " +
    "bytea_ops date_ops time_ops timetz_ops timestamp_ops timestamptz_ops interval_ops uuid_ops enum_ops oid_ops " +
    "text_pattern_ops varchar_pattern_ops bpchar_pattern_ops"
  ).split(" "),
);

/** CREATE INDEX, made ASYNC. */
export function createIndex(work: Work, statement: NodeBody<"IndexStmt">): undefined {
  const table = nameOf(statement.relation);
  const known = work.schema.table(table);
  const { tokens } = work;
  const indexAt = work.word("index");
  const onAt = work.word("on", indexAt);
  const columns = only("IndexElem", statement.indexParams).flatMap(({ name }) => name ?? []);
  const isAsync = work.statement.extra?.kind === "create-index-async";

  const concurrently = statement.concurrent ? work.word("concurrently", indexAt) : -1;
  const indexToken = tokens[indexAt];
  if (concurrently >= 0 && tokens[concurrently]) work.edit(tokens[concurrently], "ASYNC");
  else if (!isAsync && indexToken) work.edit({ start: indexToken.end, end: indexToken.end }, " ASYNC");
  if (!isAsync) work.change("index-async", "The index is built by a job, and the next step waits for it.");

  const labels = only("IndexElem", statement.indexParams).map(
    (element) => element.name ?? expressionName(element),
  );
  const name = statement.idxname ?? generatedName(table.name, labels, "idx", known);
  const onToken = tokens[onAt];
  if (statement.idxname === undefined && onToken) {
    work.edit({ start: onToken.start, end: onToken.start }, `${identifier(name)} `);
    work.change("index-name", `The index is named ${identifier(name)}, as PostgreSQL would.`);
  }
  if (statement.relation?.inh === false || tokens[onAt + 1]?.value === "only") {
    const only = tokens[onAt + 1];
    if (only?.value === "only") work.remove(only);
    work.change("index-storage", "ONLY is dropped: DSQL has no partitions.");
  }
  const tableEnd = endOfName(tokens, work.tokenFrom(work.at(statement.relation?.location)));
  judgeMethod(work, tableEnd + 1);
  const open = tokens.findIndex(
    ({ value, kind }, index) => index > tableEnd && kind === "symbol" && value === "(",
  );
  const close = closing(tokens, open);
  judgeElements(work, statement, open, close);
  dropStorage(work, statement, close);
  judgeSize(work, statement, columns, known);
  const { start } = tokens[open] ?? work.statement;
  const isUnique = statement.unique === true;
  if (known) {
    const definition = oneLine(work.text({ start, end: work.statement.end }));
    known.indexes.set(name, { name, unique: isUnique, columns, definition });
    work.script.tableDrafts.get(keyOf(table))?.lateKeys.add(name);
    countIndexes(work, known);
  }
  work.step({
    kind: "async-job",
    done: indexValid(table, name),
    safeToRepeat: false,
    job: { kind: "index", ...(table.schema && { schema: table.schema }), table: table.name, name },
  });
}

/** What PostgreSQL calls an expression in an index's name (ChooseIndexColumnNames, FigureIndexColname). */
function expressionName(element: NodeBody<"IndexElem">): string {
  if (element.indexcolname) return element.indexcolname;
  const call = as("FuncCall", element.expr);
  if (call) return names(call.funcname).at(-1) ?? "expr";
  return element.expr && nodeName(element.expr) === "CoalesceExpr" ? "coalesce" : "expr";
}

function judgeMethod(work: Work, at: number): undefined {
  const using = work.tokens[at];
  const method = work.tokens[at + 1];
  if (using?.kind !== "word" || using.value !== "using" || !method) return;
  const range = { start: using.start, end: method.end };
  const name = method.value;
  if (name === "btree_index") return;
  if (name === "btree" || name === "hash") {
    work.remove(range);
    work.change("index-method", `USING ${name} is dropped: DSQL has one kind of index.`);
  } else work.refuse("index-method-refused", `DSQL does not have ${name} indexes.`, { range });
}

function judgeElements(work: Work, statement: NodeBody<"IndexStmt">, open: number, close: number): undefined {
  const elements = only("IndexElem", statement.indexParams);
  let at = open + 1;
  for (const element of elements) {
    let end = at;
    for (let depth = 0; end < close; end++) {
      const value = work.tokens[end]?.kind === "symbol" ? work.tokens[end]?.value : "";
      if (value === "(" || value === "[") depth++;
      else if (value === ")" || value === "]") depth--;
      else if (value === "," && depth === 0) break;
    }
    judgeElement(work, element, at, end);
    at = end + 1;
  }
}

/** What follows an index's key: COLLATE, operator class, ASC or DESC, NULLS FIRST or LAST. */
function judgeElement(work: Work, element: NodeBody<"IndexElem">, from: number, to: number): undefined {
  const { tokens } = work;
  let at = from;
  if (tokens[at]?.kind === "symbol") at = closing(tokens, at) + 1;
  else {
    at = endOfName(tokens, at) + 1;
    if (element.expr && tokens[at]?.value === "(") at = closing(tokens, at) + 1;
  }
  if (element.collation?.length) {
    const last = endOfName(tokens, at + 1);
    judgeCollation(work, names(element.collation), {
      start: tokens[at]?.start ?? 0,
      end: tokens[last]?.end ?? 0,
    });
    at = last + 1;
  }
  if (element.opclass?.length) {
    let last = endOfName(tokens, at);
    if (tokens[last + 1]?.value === "(") last = closing(tokens, last + 1);
    const range = { start: tokens[at]?.start ?? 0, end: tokens[last]?.end ?? 0 };
    const name = names(element.opclass).at(-1) ?? "";
    if (DEFAULT_CLASSES.has(name) && !element.opclassopts?.length) {
      work.remove(range);
      work.change("index-opclass", `The operator class ${name} is dropped: it means the default here.`);
    } else work.refuse("index-opclass-refused", `DSQL does not have the operator class ${name}.`, { range });
    at = last + 1;
  }
  const order = tokens[at];
  if (!order || at >= to) return;
  if (element.ordering === "SORTBY_ASC") {
    work.remove(order);
    work.change("index-asc", "ASC is dropped: it is the default.");
  } else if (element.ordering === "SORTBY_DESC") {
    work.refuse("index-desc", "A DSQL index has no DESC.", { range: order });
  }
}

function dropStorage(work: Work, statement: NodeBody<"IndexStmt">, close: number): undefined {
  const { tokens } = work;
  const drop = (from: number, to: number, what: string) => {
    work.remove({ start: tokens[from]?.start ?? 0, end: tokens[to]?.end ?? 0 });
    work.change("index-storage", `${what} is dropped: DSQL manages storage itself.`);
  };
  if (statement.options?.length) {
    const at = work.word("with", close);
    drop(at, closing(tokens, at + 1), "WITH (…)");
  }
  if (statement.tableSpace) {
    const at = work.word("tablespace", close);
    drop(at, at + 1, "TABLESPACE");
  }
}

function judgeSize(
  work: Work,
  statement: NodeBody<"IndexStmt">,
  columns: readonly string[],
  known: Parameters<typeof judgeKey>[1] | undefined,
): undefined {
  const count = statement.indexParams?.length ?? 0;
  if (count > 8)
    work.refuse("index-key-count", `The index has ${count} keys; DSQL allows 8.`, {
      advice: "Index the leading columns, and name the others in INCLUDE.",
    });
  else if (known) judgeKey(work, known, "index", columns);
}
