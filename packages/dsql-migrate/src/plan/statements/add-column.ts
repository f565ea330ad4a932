import { columnExists, REPEATABLE_ADDITION, relationExists } from "../done.ts";
import { type KnownColumn, type KnownTable, keyOf } from "../schema.ts";
import type { Token } from "../sql/lexer.ts";
import { oneLine } from "../sql/one-line.ts";
import { identifier, literal, type QualifiedName, qualified } from "../sql/quote.ts";
import { as, isNullConstant, type NodeBody } from "../sql/tree.ts";
import { nameOf, type Work } from "../work.ts";
import type { Action } from "./action.ts";
import { addNotValid, addUnique, uniqueTail } from "./add-constraint.ts";
import { type ColumnConstraint, enumCheck, type ReadColumn, readColumn } from "./columns.ts";
import { constraintName, judgeKey, withoutName } from "./constraints.ts";
import { generatedName } from "./names.ts";
import { recreateOrRefuse } from "./recreate.ts";

/** ADD COLUMN: the column without its clauses, then each clause as a step of its own. */
export function addColumn(
  work: Work,
  table: QualifiedName,
  head: string,
  command: NodeBody<"AlterTableCmd">,
  tokens: readonly Token[],
): Action {
  const definition = as("ColumnDef", command.def);
  if (!definition) return {};
  const known = work.schema.table(table);
  const first = tokens.findIndex((token) => token.start >= work.at(definition.location));
  const column = readColumn(work, definition, tokens.slice(first));
  if (command.missing_ok && known?.columns.has(column.name)) {
    work.leaveOut("drop-nothing", `Column ${identifier(column.name)} exists already.`);
    return {};
  }
  const asked = column.constraints.filter(({ constraint }) => constraint.contype !== "CONSTR_NULL");
  const refused = asked.find(({ constraint }) =>
    ["CONSTR_PRIMARY", "CONSTR_GENERATED", "CONSTR_IDENTITY"].includes(constraint.contype ?? ""),
  );
  if (refused) return refusedColumn(work, table, column, refused);
  const entry: KnownColumn = {
    name: column.name,
    type: column.type,
    builtIn: column.builtIn,
    length: column.length,
    notNull: false,
  };
  known?.columns.set(column.name, entry);
  if (known && known.columns.size > 255)
    work.refuse("column-count", "The table would have more than 255 columns.");
  if (asked.length === 0 && !column.isSerial && !column.enum) {
    if (column.isRetyped) work.edit(column.typeRange, column.type);
    return {
      asWritten: {
        kind: "ddl",
        done: command.missing_ok ? REPEATABLE_ADDITION : columnExists(table, column.name),
      },
    };
  }
  const steps = stepsOf(work, {
    table,
    head,
    column,
    asked,
    entry,
    known,
    ifNotExists: command.missing_ok === true,
  });
  return {
    emit: () => {
      for (const step of steps) step();
    },
  };
}

function refusedColumn(
  work: Work,
  table: QualifiedName,
  column: ReadColumn,
  { constraint, start, end }: ColumnConstraint,
): Action {
  const what =
    constraint.contype === "CONSTR_PRIMARY"
      ? "PRIMARY KEY"
      : constraint.contype === "CONSTR_IDENTITY"
        ? "an identity"
        : "a generated value";
  return recreateOrRefuse(
    work,
    table,
    "add-column-refused",
    `ADD COLUMN cannot give the new column ${what}.`,
    { start, end },
    () => undefined,
    column.name,
  );
}

interface NewColumn {
  table: QualifiedName;
  head: string;
  column: ReadColumn;
  asked: ColumnConstraint[];
  entry: KnownColumn;
  known: KnownTable | undefined;
  ifNotExists: boolean;
}

function stepsOf(
  work: Work,
  { table, head, column, asked, entry, known, ifNotExists }: NewColumn,
): (() => void)[] {
  const shown = identifier(column.name);
  const steps: (() => void)[] = [];
  const of = (type: string) => asked.filter(({ constraint }) => constraint.contype === type);
  const keep = (
    name: string,
    kind: "check" | "unique" | "foreign",
    definition: string,
    references?: QualifiedName,
  ) =>
    known?.constraints.set(name, {
      name,
      kind,
      columns: [column.name],
      definition,
      ...(references && { references }),
    });

  const sequence = {
    ...(table.schema && { schema: table.schema }),
    name: generatedName(table.name, [column.name], "seq"),
  };
  if (column.isSerial) {
    const why = [
      "serial",
      `Column ${shown} takes its values from the sequence ${qualified(sequence)}: DSQL does not have serial types.`,
    ] as const;
    steps.push(() =>
      work.extraStep(
        `CREATE SEQUENCE ${qualified(sequence)} CACHE ${work.options.identityCache}`,
        { kind: "ddl", done: relationExists(sequence) },
        [...why],
      ),
    );
  }
  const storage = storageText(work, column);
  steps.push(() =>
    work.extraStep(
      `${head} ADD COLUMN ${ifNotExists ? "IF NOT EXISTS " : ""}${shown} ${column.type}${storage}`,
      { kind: "ddl", done: columnExists(table, column.name), safeToRepeat: ifNotExists },
      [
        "add-column-constraint",
        `Column ${shown} is added without its clauses, which follow as steps of their own.`,
      ],
      ...(column.enum
        ? ([["enum-check", `Column ${shown} is text with a CHECK of the enum's values.`]] as [
            "enum-check",
            string,
          ][])
        : []),
    ),
  );
  const written = of("CONSTR_DEFAULT")[0];
  const isNull = written && isNullConstant(written.constraint.raw_expr);
  const value = column.isSerial
    ? `nextval(${literal(qualified(sequence)).trim()})`
    : written && !isNull
      ? defaultText(work, written)
      : undefined;
  if (value !== undefined) {
    entry.default = value;
    const why = `New rows of ${shown} get the default; existing rows are filled in batches.`;
    steps.push(() =>
      work.extraStep(
        `ALTER TABLE ${qualified(table)} ALTER COLUMN ${shown} SET DEFAULT ${value}`,
        { kind: "ddl", done: REPEATABLE_ADDITION },
        ["add-column-default", why],
      ),
    );
    if (column.isSerial)
      steps.push(() =>
        work.extraStep(
          `ALTER SEQUENCE ${qualified(sequence)} OWNED BY ${qualified(table)}.${shown}`,
          { kind: "ddl", done: REPEATABLE_ADDITION },
          ["serial", `The sequence is dropped with column ${shown}.`],
        ),
      );
    steps.push(() => backfill(work, table, column.name, why));
  }
  if (of("CONSTR_NOTNULL").length > 0 || column.isSerial) {
    const name = generatedName(table.name, [column.name], "not_null", known);
    const definition = `CHECK (${shown} IS NOT NULL)`;
    keep(name, "check", definition);
    entry.notNullCheck = name;
    steps.push(() =>
      addNotValid(work, table, { name, definition }, [
        "add-column-not-null",
        `A CHECK replaces NOT NULL of ${shown}; a NULL is refused with SQLSTATE 23514.`,
      ]),
    );
  }
  if (column.enum) {
    const name = generatedName(table.name, [column.name], "check", known);
    const definition = enumCheck(column.name, column.enum.values);
    keep(name, "check", definition);
    entry.enum = { type: column.enum.type, check: name };
    steps.push(() =>
      addNotValid(work, table, { name, definition }, [
        "enum-check",
        `A CHECK allows only the enum's values.`,
      ]),
    );
  }
  for (const item of of("CONSTR_CHECK")) {
    const name = constraintNameOf(item, table, column.name, known);
    const definition = oneLine(withoutName(work, item));
    keep(name, "check", definition);
    steps.push(() =>
      addNotValid(work, table, { name, definition }, [
        "add-column-constraint",
        `The CHECK of ${shown} is added as NOT VALID, and validated.`,
      ]),
    );
  }
  for (const item of of("CONSTR_UNIQUE")) {
    const name = constraintNameOf(item, table, column.name, known);
    const tail = uniqueTail(item.constraint, [column.name]);
    keep(name, "unique", `UNIQUE ${tail}`);
    work.script.tableDrafts.get(keyOf(table))?.lateKeys.add(name);
    if (known) judgeKey(work, known, "unique", [column.name]);
    steps.push(() =>
      addUnique(work, table, name, tail, [
        "add-unique",
        `UNIQUE of ${shown} becomes a unique index, then a constraint that uses it.`,
      ]),
    );
  }
  for (const item of of("CONSTR_FOREIGN")) {
    const name = constraintNameOf(item, table, column.name, known);
    const definition = `FOREIGN KEY (${shown}) ${oneLine(withoutName(work, item))}`;
    keep(name, "foreign", definition, nameOf(item.constraint.pktable));
    steps.push(() =>
      addNotValid(work, table, { name, definition }, [
        "add-column-constraint",
        `The foreign key of ${shown} is added as NOT VALID, and validated.`,
      ]),
    );
  }
  return steps;
}

function constraintNameOf(
  { constraint }: ColumnConstraint,
  table: QualifiedName,
  column: string,
  known: KnownTable | undefined,
): string {
  const unknown: KnownTable = {
    name: table,
    columns: new Map(),
    constraints: new Map(),
    indexes: new Map(),
    complete: false,
  };
  return constraintName(known ?? unknown, constraint, [column]);
}

function defaultText(work: Work, { start, end }: ColumnConstraint): string {
  const from = work.tokens[work.word("default", work.tokenFrom(start)) + 1]?.start ?? start;
  return oneLine(work.text({ start: from, end }));
}

/** `STORAGE x` after the type, if it is there. */
function storageText(work: Work, column: ReadColumn): string {
  const until = column.constraints[0]?.start ?? column.end + 1;
  const index = work.word("storage", work.tokenFrom(column.typeRange.end));
  const token = work.tokens[index];
  return token && token.start < until && token.start < column.end
    ? ` STORAGE ${work.tokens[index + 1]?.value}`
    : "";
}

/** Fills a new column with its default in the existing rows, a batch at a time. */
function backfill(work: Work, table: QualifiedName, column: string, why: string): undefined {
  const draft = work.script.tableDrafts.get(keyOf(table));
  // A table that the same text created, and that has no rows, has nothing to fill.
  if (draft && !draft.hasRows) return;
  const key = work.schema.primaryKey(table);
  if (!key) {
    work.refuse(
      "backfill-needs-key",
      `Rows of ${qualified(table)} must be filled in batches by their primary key, which is not known.`,
    );
    return;
  }
  const name = qualified(table);
  const shown = identifier(column);
  const list = key.map(identifier).join(", ");
  const batchRows = work.options.backfillBatchRows;
  const batchSql = `UPDATE ${name} SET ${shown} = DEFAULT WHERE (${list}) IN (SELECT ${list} FROM ${name} WHERE ${shown} IS NULL LIMIT ${batchRows})`;
  work.extraStep(
    batchSql,
    {
      kind: "backfill",
      done: { kind: "query", sql: `SELECT NOT EXISTS (SELECT FROM ${name} WHERE ${shown} IS NULL) AS done` },
      safeToRepeat: true,
      backfill: {
        table: name,
        batchSql,
        batchRows,
        remainingSql: `SELECT count(*) AS remaining FROM ${name} WHERE ${shown} IS NULL`,
      },
    },
    ["add-column-default", why],
  );
}
