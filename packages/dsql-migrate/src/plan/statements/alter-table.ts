import type { Node } from "libpg-query";
import * as done from "../done.ts";
import type { Range, StepFacts } from "../draft.ts";
import { type KnownColumn, type KnownTable, keyOf } from "../schema.ts";
import type { Token } from "../sql/lexer.ts";
import { oneLine } from "../sql/one-line.ts";
import { identifier, type QualifiedName, qualified } from "../sql/quote.ts";
import { as, constant, type NodeBody, only, option } from "../sql/tree.ts";
import { widenToBigint } from "../table-draft.ts";
import { builtInName, enumValues, typeKey } from "../types.ts";
import { addChange, nameOf, type Work } from "../work.ts";
import type { Action } from "./action.ts";
import { addColumn } from "./add-column.ts";
import { addNotValid, addUnique, fold, foldTarget, uniqueTail, validate } from "./add-constraint.ts";
import {
  type ColumnConstraint,
  giveCache,
  judgeCollation,
  judgeKeyClauses,
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
import { replaceEnumCheck } from "./enums.ts";
import { generatedName } from "./names.ts";
import { recreateOrRefuse } from "./recreate.ts";

type Command = NodeBody<"AlterTableCmd">;

/** ALTER TABLE, and ALTER VIEW, INDEX and SEQUENCE, which share its grammar. */
export function alterTable(work: Work, statement: NodeBody<"AlterTableStmt">): undefined {
  const table = nameOf(statement.relation);
  const commands = only("AlterTableCmd", statement.cmds);
  switch (statement.objtype) {
    case "OBJECT_TABLE":
      break;
    case "OBJECT_VIEW":
    case "OBJECT_SEQUENCE":
      for (const { subtype, newowner } of commands)
        if (subtype === "AT_ChangeOwner" && leavesOwnerOut(work, newowner)) return;
      work.step({ kind: "ddl", done: done.REPEATABLE });
      return;
    case "OBJECT_TYPE":
      return work.refuse("type-refused", "DSQL does not have composite types.");
    case "OBJECT_INDEX":
      return work.refuse("alter-table-refused", "DSQL does not change the storage of an index.");
    default:
      return work.refuse("alter-table-refused", "DSQL does not have this kind of object.");
  }
  const nameAt = work.tokenFrom(work.at(statement.relation?.location));
  const nameEnd = endOfName(work.tokens, nameAt);
  const from = work.tokens[nameEnd + 1]?.value === "*" ? nameEnd + 2 : nameEnd + 1;
  const parts = splitAtCommas(work.tokens.slice(from));
  const head = work.text({ start: work.statement.start, end: work.tokens[from - 1]?.end ?? 0 });
  const known = work.schema.table(table);
  const actions = commands.map((command, index) =>
    alterAction(work, { table, known, head, command, commands, tokens: parts[index] ?? [] }),
  );
  const kept = actions.flatMap(({ asWritten }) => asWritten ?? []);
  if (kept.length === actions.length && kept.length > 0) {
    const [only] = kept;
    work.step(
      kept.length === 1 && only
        ? only
        : {
            kind: "ddl",
            done: done.all(kept.map((facts) => facts.done)),
            safeToRepeat: kept.every(
              ({ done: check, safeToRepeat }) => safeToRepeat ?? check.kind === "repeatable",
            ),
          },
    );
    return;
  }
  actions.forEach(({ asWritten, emit }, index) => {
    emit?.();
    const tokens = parts[index] ?? [];
    const range = { start: tokens[0]?.start ?? 0, end: tokens.at(-1)?.end ?? 0 };
    if (!asWritten) return;
    const step = work.extraStep(`${head} ${work.text(range)}`, asWritten, [
      "alter-table-split",
      "Each action of the ALTER TABLE becomes a statement of its own.",
    ]);
    for (const { rule, message } of work.changes) addChange(step.changes, rule as never, message);
  });
}

/** The index of the last token of a dotted name. */
export function endOfName(tokens: readonly Token[], from: number): number {
  let at = from;
  while (tokens[at + 1]?.value === "." && tokens[at + 2]) at += 2;
  return at;
}

interface ActionWork {
  /** All actions of the statement. */
  commands: readonly Command[];
  table: QualifiedName;
  known: KnownTable | undefined;
  head: string;
  command: Command;
  tokens: readonly Token[];
}

const as_ = (facts: StepFacts["done"]): Action => ({ asWritten: { kind: "ddl", done: facts } });

function alterAction(work: Work, action: ActionWork): Action {
  const { table, known, head, command, tokens } = action;
  const name = command.name ?? "";
  const column = known?.columns.get(name);
  const draft = work.script.tableDrafts.get(keyOf(table));
  const range: Range = {
    start: tokens[0]?.start ?? work.statement.start,
    end: tokens.at(-1)?.end ?? work.statement.end,
  };
  switch (command.subtype) {
    case "AT_AddColumn":
      return addColumn(work, table, head, command, tokens);
    case "AT_DropColumn":
      return dropColumn(work, action, range);
    case "AT_ColumnDefault": {
      if (column) {
        const at = tokens.findIndex((token) => token.kind === "word" && token.value === "default");
        column.default = command.def
          ? oneLine(work.text({ start: tokens[at + 1]?.start ?? range.end, end: range.end }))
          : undefined;
      }
      return as_(done.REPEATABLE);
    }
    case "AT_DropNotNull": {
      if (column) column.notNull = false;
      const check = column?.notNullCheck;
      if (!column && !known?.complete) return dropUnknownNotNull(work, action, range);
      if (!column || check === undefined) return as_(done.REPEATABLE);
      column.notNullCheck = undefined;
      known?.constraints.delete(check);
      return {
        emit: () =>
          void work.extraStep(
            `ALTER TABLE ${qualified(table)} DROP CONSTRAINT ${identifier(check)}`,
            { kind: "ddl", done: done.constraintGone(table, check) },
            [
              "not-null-check",
              `NULL becomes allowed: the CHECK that replaces NOT NULL of ${identifier(name)} is dropped.`,
            ],
          ),
      };
    }
    case "AT_SetNotNull":
      return setNotNull(work, action, range);
    case "AT_AlterColumnType":
      return alterType(work, action, range);
    case "AT_DropExpression":
      if (column) column.generated = undefined;
      return as_(done.columnIs(table, name, "attgenerated = ''"));
    case "AT_AddIdentity": {
      const constraint = as("Constraint", command.def);
      const definedHere = draft && !draft.isClosed ? draft.columns.get(name) : undefined;
      if (definedHere && definedHere.builtIn !== "int8" && draft) {
        widenToBigint(definedHere, draft);
        addChange(
          draft.changes,
          "identity-type",
          `Column ${identifier(name)} becomes bigint, the only type of an identity column.`,
        );
        if (column) Object.assign(column, { type: "bigint", builtIn: "int8" });
      } else if (column?.builtIn !== undefined && column.builtIn !== "int8")
        return recreateOrRefuse(
          work,
          table,
          "recreate-needed",
          `Column ${identifier(name)} of type ${column.type} must become bigint before it is an identity column.`,
          range,
          () => undefined,
          name,
        );
      giveCache(work, constraint?.options, range, true);
      const generatedAt = tokens.findIndex(({ value }) => value === "generated");
      if (column)
        column.identity = oneLine(
          work.text({ start: tokens[generatedAt]?.start ?? range.start, end: range.end }),
        );
      return as_(done.columnIs(table, name, "attidentity <> ''"));
    }
    case "AT_SetIdentity": {
      const options = as("List", command.def)?.items;
      const size = Number(constant(option(options, "cache")?.arg) ?? 1);
      if (size !== 1 && size < 65_536) giveCache(work, options, range, true);
      return as_(done.REPEATABLE);
    }
    case "AT_DropIdentity":
      if (column) column.identity = undefined;
      return as_(command.missing_ok ? done.REPEATABLE : done.columnIs(table, name, "attidentity = ''"));
    case "AT_SetStorage":
    case "AT_AlterConstraint":
      return as_(done.REPEATABLE);
    case "AT_ChangeOwner":
      return leavesOwnerOut(work, command.newowner, range) ? {} : as_(done.REPEATABLE);
    case "AT_AddConstraint":
      return addConstraint(work, action, range);
    case "AT_ValidateConstraint":
      if (work.statement.extra?.kind === "alter-table-async")
        return {
          asWritten: {
            kind: "async-job",
            done: done.constraintValid(table, name),
            safeToRepeat: true,
            job: {
              kind: "constraint",
              ...(table.schema && { schema: table.schema }),
              table: table.name,
              name,
            },
          },
        };
      return {
        emit: () =>
          validate(work, table, name, [
            "validate-async",
            "Validation is a job, and the next step waits for it.",
          ]),
      };
    case "AT_DropConstraint":
      return dropConstraint(work, action, range);
    case "AT_SetStatistics":
    case "AT_SetOptions":
    case "AT_ResetOptions":
    case "AT_SetCompression":
    case "AT_SetRelOptions":
    case "AT_ResetRelOptions":
    case "AT_ReplaceRelOptions":
    case "AT_ClusterOn":
    case "AT_DropCluster":
    case "AT_DropOids":
    case "AT_SetTableSpace":
    case "AT_SetLogged":
    case "AT_SetUnLogged":
    case "AT_SetAccessMethod":
    case "AT_ReplicaIdentity":
      work.leaveOut("table-tuning", `${oneLine(work.text(range))}: DSQL manages this itself.`, range);
      return {};
    default:
      work.refuse("alter-table-refused", `DSQL does not have ALTER TABLE … ${oneLine(work.text(range))}.`, {
        range,
      });
      return {};
  }
}

/** DROP NOT NULL of an unknown column: also drops the CHECK by which this planner may have replaced NOT NULL. */
function dropUnknownNotNull(work: Work, { table, head, command }: ActionWork, range: Range): Action {
  const name = command.name ?? "";
  const check = generatedName(table.name, [name], "not_null");
  return {
    emit: () => {
      work.extraStep(`${head} ${work.text(range)}`, { kind: "ddl", done: done.REPEATABLE });
      work.extraStep(
        `${head} DROP CONSTRAINT IF EXISTS ${identifier(check)}`,
        { kind: "ddl", done: done.REPEATABLE },
        ["not-null-check", `If a CHECK replaces NOT NULL of ${identifier(name)}, it is dropped.`],
      );
    },
  };
}

/** Leaves OWNER TO out if the option `noOwner` is set, else warns about an owner that may not exist; returns whether it is left out. */
export function leavesOwnerOut(work: Work, role: NodeBody<"RoleSpec"> | undefined, range?: Range): boolean {
  const name = role?.rolename;
  if (work.options.noOwner) {
    work.leaveOut("no-owner", "The owner is left as it is.", range);
    return true;
  }
  if (name !== undefined && name !== "admin")
    work.warn("owner", `The owner becomes the role ${identifier(name)}.`, { ...(range && { range }) });
  return false;
}

function dropColumn(work: Work, { table, known, command }: ActionWork, range: Range): Action {
  const name = command.name ?? "";
  if (work.schema.primaryKey(table)?.includes(name))
    return recreateOrRefuse(
      work,
      table,
      "recreate-needed",
      `Column ${identifier(name)} is part of the primary key, which is fixed when a table is created.`,
      range,
      () => undefined,
      name,
    );
  if (known) {
    known.columns.delete(name);
    for (const [key, constraint] of known.constraints)
      if (constraint.columns.includes(name)) known.constraints.delete(key);
    for (const [key, index] of known.indexes) if (index.columns.includes(name)) known.indexes.delete(key);
  }
  close(work, table);
  return as_(command.missing_ok ? done.REPEATABLE : done.columnGone(table, name));
}

/** Keeps later statements from being folded into the table's definition. */
export function close(work: Work, table: QualifiedName): undefined {
  const draft = work.script.tableDrafts.get(keyOf(table));
  if (draft) draft.isClosed = true;
}

function setNotNull(work: Work, { table, known, command }: ActionWork, range: Range): Action {
  const name = command.name ?? "";
  const shown = identifier(name);
  const column = known?.columns.get(name);
  if (column?.notNull || column?.notNullCheck) {
    work.leaveOut("drop-nothing", `Column ${shown} is NOT NULL already.`, range);
    return {};
  }
  const draft = work.script.tableDrafts.get(keyOf(table));
  const written = draft && !draft.isClosed && !draft.hasRows ? draft.columns.get(name) : undefined;
  if (draft && written && column) {
    // Before what was added behind the last column: a constraint may end where the column does.
    draft.edits.unshift({ start: written.end, end: written.end, text: " NOT NULL" });
    addChange(draft.changes, "folded", `NOT NULL of ${shown} moves into the table's definition.`);
    column.notNull = true;
    return {};
  }
  return recreateOrRefuse(
    work,
    table,
    "recreate-needed",
    `DSQL cannot make the existing column ${shown} NOT NULL.`,
    range,
    (after) => {
      const changed = after.columns.get(name);
      if (changed) changed.notNull = true;
      return new Map();
    },
    name,
    `ADD CONSTRAINT … CHECK (${shown} IS NOT NULL) refuses the same values; `,
  );
}

function alterType(work: Work, { table, known, command, tokens }: ActionWork, range: Range): Action {
  const name = command.name ?? "";
  const definition = as("ColumnDef", command.def);
  const column = known?.columns.get(name);
  const values = enumValues(work, definition?.typeName);
  const isTextCast = isCastOfColumn(definition?.raw_default, name);
  if (
    values &&
    work.options.enums === "check" &&
    known &&
    (column?.enum || isText(column)) &&
    column &&
    isTextCast
  ) {
    const { emit } = replaceEnumCheck(work, known, column, typeKey(definition?.typeName), values);
    return { emit };
  }
  const isPlainText = builtInName(definition?.typeName) === "text" && !definition?.typeName?.arrayBounds;
  if (column && isPlainText && isTextCast && isText(column))
    return textToText(work, { table, known, column }, range);
  if (definition?.collClause) {
    const at = work.tokenFrom(work.at(definition.collClause.location));
    judgeCollation(
      work,
      only("String", definition.collClause.collname).map(({ sval }) => sval ?? ""),
      {
        start: work.tokens[at]?.start ?? range.start,
        end: work.tokens[endOfName(work.tokens, at + 1)]?.end ?? range.end,
      },
    );
  }
  const typeStart = work.at(definition?.typeName?.location);
  const using = tokens.findIndex(({ kind, value }) => kind === "word" && value === "using");
  const collate = tokens.findIndex(({ kind, value }) => kind === "word" && value === "collate");
  const stop = [using, collate].filter((index) => index > 0);
  const typeEnd = tokens[(stop.length > 0 ? Math.min(...stop) : tokens.length) - 1]?.end ?? range.end;
  const type = oneLine(work.text({ start: typeStart, end: typeEnd }));
  const expression =
    using > 0
      ? oneLine(work.text({ start: tokens[using + 1]?.start ?? range.end, end: range.end }))
      : `${identifier(name)}::${type}`;
  return recreateOrRefuse(
    work,
    table,
    "recreate-needed",
    `DSQL cannot change the type of column ${identifier(name)}.`,
    range,
    (after) => {
      const changed = after.columns.get(name);
      if (changed) Object.assign(changed, { type, builtIn: builtInName(definition?.typeName) });
      return new Map([[name, expression]]);
    },
    name,
  );
}

/** Whether a column is text itself, and not a domain over it. */
const isText = (column: KnownColumn | undefined): boolean => column?.type.toLowerCase() === "text";

/** Changes a text column to text: drops the CHECK if it was an enum, and does nothing otherwise. */
function textToText(
  work: Work,
  { table, known, column }: { table: QualifiedName; known: KnownTable | undefined; column: KnownColumn },
  range: Range,
): Action {
  const check = column.enum?.check;
  if (check === undefined) {
    work.leaveOut("drop-nothing", `Column ${identifier(column.name)} is text already.`, range);
    return {};
  }
  known?.constraints.delete(check);
  column.enum = undefined;
  return {
    emit: () => {
      work.extraStep(
        `ALTER TABLE ${qualified(table)} DROP CONSTRAINT ${identifier(check)}`,
        { kind: "ddl", done: done.constraintGone(table, check) },
        [
          "enum-check",
          `Column ${identifier(column.name)} is text; the CHECK of the enum's values is dropped.`,
        ],
      );
    },
  };
}

/** Whether an expression is nothing but casts of the column (or there is none). */
function isCastOfColumn(expression: Node | undefined, column: string): boolean {
  if (!expression) return true;
  const cast = as("TypeCast", expression);
  if (cast) return isCastOfColumn(cast.arg, column);
  const reference = as("ColumnRef", expression);
  const [field] = reference?.fields ?? [];
  return reference?.fields?.length === 1 && as("String", field)?.sval === column;
}

function addConstraint(work: Work, { table, known, command, tokens }: ActionWork, range: Range): Action {
  const constraint = as("Constraint", command.def);
  if (!constraint) return {};
  const at = work.at(constraint.location);
  const item: ColumnConstraint = { constraint, deferrable: false, start: at, end: range.end };
  judgeKeyClauses(work, item);
  if (constraint.contype === "CONSTR_EXCLUSION") return {};
  const columns = constraintColumns(constraint, []);
  const table_: KnownTable = known ?? {
    name: table,
    columns: new Map(),
    constraints: new Map(),
    indexes: new Map(),
    complete: false,
  };
  const name = constraintName(table_, constraint, columns);
  const kind = CONSTRAINT_KINDS[constraint.contype ?? ""] ?? "check";
  const references = kind === "foreign" ? nameOf(constraint.pktable) : undefined;
  const text = oneLine(withoutName(work, item));
  const isNotValid = constraint.skip_validation === true;
  const valid = isNotValid ? notValidAt(tokens) : undefined;
  const definition = valid === undefined ? text : oneLine(withoutName(work, { ...item, end: valid }));
  const entry = { name, kind, columns, definition, ...(references && { references }) };
  if (known && !constraint.indexname) judgeKey(work, known, kind, columns);
  if (constraint.indexname) {
    if (kind === "primary")
      return recreateOrRefuse(
        work,
        table,
        "recreate-needed",
        "The primary key is fixed when a table is created.",
        range,
        () => undefined,
        undefined,
      );
    const index = known?.indexes.get(constraint.indexname);
    known?.indexes.delete(constraint.indexname);
    known?.constraints.set(name, {
      ...entry,
      columns: index?.columns ?? [],
      definition: index ? `UNIQUE ${index.definition}` : definition,
    });
    work.script.tableDrafts.get(keyOf(table))?.lateKeys.add(name);
    return { asWritten: { kind: "ddl", done: done.constraintExists(table, name) } };
  }
  const isOtherKey = kind === "primary" && work.schema.primaryKey(table) !== undefined;
  const target = isNotValid || isOtherKey ? undefined : foldTarget(work, table, constraint);
  if (target) {
    fold(work, target, known, entry);
    return {};
  }
  if (kind === "primary") {
    return recreateOrRefuse(
      work,
      table,
      "recreate-needed",
      "The primary key is fixed when a table is created.",
      range,
      (after) => {
        for (const [key, { kind: other }] of after.constraints)
          if (other === "primary") after.constraints.delete(key);
        after.constraints.set(name, { name, kind: "primary", columns, definition });
        for (const column of columns) Object.assign(after.columns.get(column) ?? {}, { notNull: true });
        return new Map();
      },
      undefined,
    );
  }
  known?.constraints.set(name, entry);
  if (known) countIndexes(work, known);
  const shown = identifier(name);
  if (kind === "unique") {
    work.script.tableDrafts.get(keyOf(table))?.lateKeys.add(name);
    const tail = uniqueTail(constraint, columns);
    if (known) known.constraints.set(name, { ...entry, definition: `UNIQUE ${tail}` });
    return {
      emit: () =>
        addUnique(work, table, name, tail, [
          "add-unique",
          `UNIQUE ${shown} becomes a unique index, then a constraint that uses it.`,
        ]),
    };
  }
  if (isNotValid) {
    // A name is needed to find it again.
    if (!constraint.conname) work.edit({ start: at, end: at }, `CONSTRAINT ${shown} `);
    return { asWritten: { kind: "ddl", done: done.constraintExists(table, name) } };
  }
  const what = kind === "foreign" ? "foreign key" : "CHECK";
  return {
    emit: () =>
      addNotValid(work, table, entry, [
        "add-constraint",
        `The ${what} ${shown} is added as NOT VALID, and validated by a job.`,
      ]),
  };
}

const isNewPrimaryKey = ({ def }: Command): boolean => as("Constraint", def)?.contype === "CONSTR_PRIMARY";

/** Where NOT VALID begins, which ends a constraint's definition or stands among its last words. */
function notValidAt(tokens: readonly Token[]): number | undefined {
  const at = tokens.findLastIndex(
    ({ kind, value }, index) => kind === "word" && value === "valid" && tokens[index - 1]?.value === "not",
  );
  return tokens[at - 2]?.end;
}

function dropConstraint(work: Work, { table, known, command, commands }: ActionWork, range: Range): Action {
  const name = command.name ?? "";
  const constraint = known?.constraints.get(name);
  const isPrimary = constraint ? constraint.kind === "primary" : !known && name === `${table.name}_pkey`;
  if (isPrimary) {
    // The same statement adds a new key: one new table takes both changes.
    if (commands.some(isNewPrimaryKey)) return {};
    return recreateOrRefuse(
      work,
      table,
      "recreate-needed",
      "The primary key cannot be dropped.",
      range,
      (after) => {
        after.constraints.delete(name);
        return new Map();
      },
      undefined,
    );
  }
  known?.constraints.delete(name);
  for (const column of known?.columns.values() ?? []) {
    if (column.notNullCheck === name) column.notNullCheck = undefined;
    if (column.enum?.check === name) column.enum = undefined;
  }
  // A constraint that was folded into CREATE TABLE is still dropped by its own statement.
  return as_(command.missing_ok ? done.REPEATABLE : done.constraintGone(table, name));
}
