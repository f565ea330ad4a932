import { REPEATABLE_ADDITION, relationExists } from "../done.ts";
import type { Range } from "../draft.ts";
import { type KnownColumn, type KnownConstraint, type KnownTable, keyOf } from "../schema.ts";
import { oneLine } from "../sql/one-line.ts";
import { identifier, qualified } from "../sql/quote.ts";
import { as, type NodeBody } from "../sql/tree.ts";
import type { TableDraft } from "../table-draft.ts";
import { nameOf, type Work } from "../work.ts";
import { addForeignKey } from "./add-constraint.ts";
import {
  type ColumnConstraint,
  closing,
  enumCheck,
  giveCache,
  judgeKeyClauses,
  type ReadColumn,
  readColumn,
  splitAtCommas,
} from "./columns.ts";
import {
  CONSTRAINT_KINDS,
  constraintColumns,
  constraintName,
  countIndexes,
  judgeKey,
  withoutName,
} from "./constraints.ts";
import { generatedName } from "./names.ts";

const MAX_COLUMNS = 255;

export function createTable(work: Work, statement: NodeBody<"CreateStmt">): undefined {
  const name = nameOf(statement.relation);
  if (isTemporary(statement.relation))
    return work.refuse("temporary", "DSQL does not have temporary tables.");
  if (refuseForm(work, statement)) return;
  const open = work.tokens.findIndex(({ kind, value }) => kind === "symbol" && value === "(");
  const close = closing(work.tokens, open);
  dropStorage(work, statement, close);
  const elements = splitAtCommas(work.tokens.slice(open + 1, close)).filter((tokens) => tokens.length > 0);
  const known: KnownTable = {
    name,
    columns: new Map(),
    constraints: new Map(),
    indexes: new Map(),
    complete: true,
  };
  const columns = new Map<string, ReadColumn>();
  const deferred: (() => void)[] = [];
  const readElements = statement.tableElts ?? [];
  // Columns first: a constraint may name one that follows it.
  readElements.forEach((element, index) => {
    const definition = as("ColumnDef", element);
    const tokens = elements[index];
    if (!definition || !tokens) return;
    const column = readColumn(work, definition, tokens);
    columns.set(column.name, column);
    known.columns.set(column.name, {
      name: column.name,
      type: column.type,
      builtIn: column.builtIn,
      length: column.length,
      notNull: false,
    });
  });
  for (const column of columns.values())
    defineColumn(
      work,
      column,
      known,
      deferred,
      elements.find(([first]) => first?.start === column.start),
    );
  readElements.forEach((element, index) => {
    const tokens = elements[index];
    const constraint = as("Constraint", element);
    const range = { start: tokens?.[0]?.start ?? 0, end: tokens?.at(-1)?.end ?? 0 };
    if (constraint && tokens)
      tableConstraint(work, { constraint, deferrable: false, ...range }, known, deferred);
    if (as("TableLikeClause", element)) known.complete = false;
  });
  if (columns.size > MAX_COLUMNS)
    work.refuse("column-count", `The table has ${columns.size} columns; DSQL allows ${MAX_COLUMNS}.`);
  for (const constraint of known.constraints.values())
    judgeKey(work, known, constraint.kind, constraint.columns);
  countIndexes(work, known);

  const key = keyOf(name);
  const exists = statement.if_not_exists && work.schema.tables.has(key);
  work.step({ kind: "ddl", done: statement.if_not_exists ? REPEATABLE_ADDITION : relationExists(name) });
  if (exists) return;
  work.schema.tables.set(key, known);
  if (!statement.if_not_exists) {
    const last = work.tokens[close - 1];
    work.script.tableDrafts.set(key, {
      statement: work.statement,
      edits: work.edits,
      changes: work.changes,
      columns,
      insertAt: last?.end ?? 0,
      hasElements: elements.length > 0,
      isClosed: false,
      hasRows: false,
      lateKeys: new Set(),
    } satisfies TableDraft);
  }
  for (const step of deferred) step();
  work.script.laterTables.delete(key);
  for (const step of work.script.waiting.get(key) ?? []) step();
  work.script.waiting.delete(key);
}

export function isTemporary(relation: NodeBody<"RangeVar"> | undefined): boolean {
  return relation?.relpersistence === "t" || /^pg_temp(?:_|$)/.test(relation?.schemaname ?? "");
}

function refuseForm(work: Work, statement: NodeBody<"CreateStmt">): boolean {
  const form = statement.partspec
    ? "PARTITION BY"
    : statement.partbound
      ? "PARTITION OF"
      : statement.inhRelations?.length
        ? "INHERITS"
        : statement.ofTypename
          ? "OF"
          : statement.oncommit !== "ONCOMMIT_NOOP" && statement.oncommit !== undefined
            ? "ON COMMIT"
            : undefined;
  if (form) work.refuse("table-form", `DSQL does not have CREATE TABLE … ${form}.`);
  return form !== undefined;
}

function dropStorage(work: Work, statement: NodeBody<"CreateStmt">, close: number): undefined {
  const dropped = (range: Range, what: string) => {
    work.remove(range);
    work.change("table-storage", `${what} is dropped: DSQL manages storage itself.`);
  };
  if (statement.relation?.relpersistence === "u") {
    const token = work.tokens[work.word("unlogged")];
    if (token) dropped(token, "UNLOGGED");
  }
  const { tokens } = work;
  for (let index = close + 1; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.kind !== "word") continue;
    if (token.value === "with") {
      const end = closing(tokens, index + 1);
      dropped({ start: token.start, end: tokens[end]?.end ?? token.end }, "WITH (…)");
      index = end;
    } else if (token.value === "without" || token.value === "tablespace" || token.value === "using") {
      const next = tokens[index + 1];
      if (token.value === "using" && next?.value !== "heap") {
        work.refuse("table-form", `DSQL does not have the table access method ${next?.value}.`);
        return;
      }
      dropped({ start: token.start, end: next?.end ?? token.end }, token.value.toUpperCase());
      index++;
    }
  }
}

/** Rewrites a column of CREATE TABLE, and records its definition. */
function defineColumn(
  work: Work,
  column: ReadColumn,
  known: KnownTable,
  deferred: (() => void)[],
  tokens: readonly { end: number }[] | undefined,
): undefined {
  const entry = known.columns.get(column.name) as KnownColumn;
  const shown = identifier(column.name);
  if (column.isSerial) {
    const identity = `GENERATED BY DEFAULT AS IDENTITY (CACHE ${work.options.identityCache})`;
    work.edit(column.typeRange, `bigint ${identity}`);
    work.change(
      "serial",
      `Column ${shown} becomes a bigint identity column: DSQL does not have serial types.`,
    );
    Object.assign(entry, { identity, notNull: true });
  } else if (column.isRetyped) work.edit(column.typeRange, column.type);
  for (const item of column.constraints) {
    const { constraint, start, end } = item;
    switch (constraint.contype) {
      case "CONSTR_NOTNULL":
        entry.notNull = true;
        break;
      case "CONSTR_DEFAULT": {
        const from = work.tokens[work.word("default", work.tokenFrom(start)) + 1]?.start ?? start;
        entry.default = oneLine(work.text({ start: from, end }));
        break;
      }
      case "CONSTR_IDENTITY":
        giveCache(work, constraint.options, { start, end }, true);
        Object.assign(entry, { identity: oneLine(withoutName(work, item)), notNull: true });
        break;
      case "CONSTR_GENERATED":
        entry.generated = oneLine(withoutName(work, item));
        break;
      case "CONSTR_FOREIGN":
        if (waitForTable(work, known, item, [column.name], deferred)) break;
        note(work, known, item, [column.name]);
        break;
      case "CONSTR_PRIMARY":
        entry.notNull = true;
        note(work, known, item, [column.name]);
        break;
      case "CONSTR_UNIQUE":
      case "CONSTR_CHECK":
        note(work, known, item, [column.name]);
        break;
    }
  }
  if (column.enum) {
    const name = generatedName(known.name.name, [column.name], "check", known);
    const definition = enumCheck(column.name, column.enum.values);
    const end = tokens?.at(-1)?.end ?? column.end;
    work.edit({ start: end, end }, ` CONSTRAINT ${identifier(name)} ${definition}`);
    work.change("enum-check", `Column ${shown} becomes text with a CHECK of the enum's values.`);
    known.constraints.set(name, { name, kind: "check", columns: [column.name], definition });
    entry.enum = { type: column.enum.type, check: name };
  }
}

function note(work: Work, known: KnownTable, item: ColumnConstraint, own: readonly string[]): undefined {
  const { constraint } = item;
  const columns = constraintColumns(constraint, own);
  const name = constraintName(known, constraint, columns);
  const kind = CONSTRAINT_KINDS[constraint.contype ?? ""] ?? "check";
  const text = oneLine(withoutName(work, item));
  const list = columns.map(identifier).join(", ");
  let definition = text;
  if (own.length > 0 && kind === "foreign") definition = `FOREIGN KEY (${list}) ${text}`;
  if (own.length > 0 && kind === "primary") definition = `PRIMARY KEY (${list})`;
  if (own.length > 0 && kind === "unique") definition = `${text} (${list})`;
  const references = kind === "foreign" ? nameOf(constraint.pktable) : undefined;
  known.constraints.set(name, { name, kind, columns, definition, ...(references && { references }) });
  if (kind === "primary")
    for (const column of columns) Object.assign(known.columns.get(column) ?? {}, { notNull: true });
}

function tableConstraint(
  work: Work,
  item: ColumnConstraint,
  known: KnownTable,
  deferred: (() => void)[],
): undefined {
  judgeKeyClauses(work, item);
  if (item.constraint.contype === "CONSTR_EXCLUSION") return;
  if (item.constraint.contype === "CONSTR_FOREIGN" && waitForTable(work, known, item, [], deferred)) return;
  note(work, known, item, []);
}

/** Postpones a foreign key until its table, which comes later, has been created; returns whether it did. */
function waitForTable(
  work: Work,
  known: KnownTable,
  item: ColumnConstraint,
  own: readonly string[],
  deferred: (() => void)[],
): boolean {
  const target = nameOf(item.constraint.pktable);
  const key = keyOf(target);
  if (key === keyOf(known.name) || work.schema.tables.has(key) || !work.script.laterTables.has(key))
    return false;
  const columns = constraintColumns(item.constraint, own);
  const name = constraintName(known, item.constraint, columns);
  const text = oneLine(withoutName(work, item));
  const definition = own.length > 0 ? `FOREIGN KEY (${columns.map(identifier).join(", ")}) ${text}` : text;
  removeElement(work, item, own.length === 0);
  work.change(
    "foreign-key-order",
    `The foreign key ${identifier(name)} is added when ${qualified(target)} has been created.`,
  );
  const foreignKey: KnownConstraint = { name, kind: "foreign", columns, definition, references: target };
  deferred.push(() => {
    const waiting = work.script.waiting.get(key) ?? [];
    waiting.push(() => addForeignKey(work, known.name, foreignKey));
    work.script.waiting.set(key, waiting);
  });
  return true;
}

/** Removes a constraint, with a comma if it is an element of the list. */
function removeElement(work: Work, range: Range, isElement: boolean): undefined {
  if (!isElement) return work.remove(range);
  const before = work.tokens[work.tokenFrom(range.start) - 1];
  const after = work.tokens[work.tokenFrom(range.end)];
  if (before?.value === ",") work.edit({ start: before.start, end: range.end }, "");
  else work.edit({ start: range.start, end: after?.value === "," ? after.end : range.end }, "");
}
