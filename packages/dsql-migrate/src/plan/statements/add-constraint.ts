import { constraintExists, constraintValid, indexValid } from "../done.ts";
import type { RuleId } from "../rules.ts";
import { type KnownConstraint, type KnownTable, keyOf } from "../schema.ts";
import { identifier, type QualifiedName, qualified } from "../sql/quote.ts";
import type { NodeBody } from "../sql/tree.ts";
import { names } from "../sql/tree.ts";
import { addElement, type TableDraft } from "../table-draft.ts";
import { addChange, nameOf, type Work } from "../work.ts";
import { constraintColumns } from "./constraints.ts";

/** Adds a CHECK or a foreign key to an existing table: NOT VALID, which checks new rows, then validated by a job. */
export function addNotValid(
  work: Work,
  table: QualifiedName,
  { name, definition }: Pick<KnownConstraint, "name" | "definition">,
  why: [RuleId, string],
): undefined {
  work.extraStep(
    `ALTER TABLE ${qualified(table)} ADD CONSTRAINT ${identifier(name)} ${definition} NOT VALID`,
    { kind: "ddl", done: constraintExists(table, name) },
    why,
  );
  validate(work, table, name, why);
}

/** Validates a constraint by a job. */
export function validate(work: Work, table: QualifiedName, name: string, why: [RuleId, string]): undefined {
  work.extraStep(
    `ALTER TABLE ASYNC ${qualified(table)} VALIDATE CONSTRAINT ${identifier(name)}`,
    {
      kind: "async-job",
      done: constraintValid(table, name),
      safeToRepeat: true,
      job: { kind: "constraint", ...(table.schema && { schema: table.schema }), table: table.name, name },
    },
    why,
  );
}

/** Adds a foreign key whose table has been created by now. */
export function addForeignKey(work: Work, table: QualifiedName, foreignKey: KnownConstraint): undefined {
  work.schema.table(table)?.constraints.set(foreignKey.name, foreignKey);
  addNotValid(work, table, foreignKey, [
    "foreign-key-order",
    `The foreign key ${identifier(foreignKey.name)} is added now that its table exists, and validated.`,
  ]);
}

/** Builds a unique index and makes it a constraint. */
export function addUnique(
  work: Work,
  table: QualifiedName,
  name: string,
  tail: string,
  why: [RuleId, string],
): undefined {
  work.extraStep(
    `CREATE UNIQUE INDEX ASYNC ${identifier(name)} ON ${qualified(table)} ${tail}`,
    {
      kind: "async-job",
      done: indexValid(table, name),
      safeToRepeat: false,
      job: { kind: "index", ...(table.schema && { schema: table.schema }), table: table.name, name },
    },
    why,
  );
  work.extraStep(
    `ALTER TABLE ${qualified(table)} ADD CONSTRAINT ${identifier(name)} UNIQUE USING INDEX ${identifier(name)}`,
    { kind: "ddl", done: constraintExists(table, name) },
    why,
  );
}

/** What follows the table in the index of a UNIQUE constraint. */
export function uniqueTail(constraint: NodeBody<"Constraint">, columns: readonly string[]): string {
  const list = (items: readonly string[]) => items.map(identifier).join(", ");
  const including = names(constraint.including);
  const include = including.length > 0 ? ` INCLUDE (${list(including)})` : "";
  return `(${list(columns)})${include}${constraint.nulls_not_distinct ? " NULLS NOT DISTINCT" : ""}`;
}

/** The CREATE TABLE of this text that can take the constraint, or undefined. */
export function foldTarget(
  work: Work,
  table: QualifiedName,
  constraint: NodeBody<"Constraint">,
): TableDraft | undefined {
  const target = work.script.tableDrafts.get(keyOf(table));
  if (!target || target.isClosed) return undefined;
  const columns = constraintColumns(constraint, []);
  if (!columns.every((column) => target.columns.has(column))) return undefined;
  switch (constraint.contype) {
    case "CONSTR_PRIMARY":
      return target;
    case "CONSTR_UNIQUE":
      return target.hasRows ? undefined : target;
    case "CONSTR_CHECK":
      // A function in it may have been created since.
      return target.hasRows || JSON.stringify(constraint.raw_expr).includes('"FuncCall"')
        ? undefined
        : target;
    case "CONSTR_FOREIGN":
      return target.hasRows || !isReferenceReady(work, table, target, constraint) ? undefined : target;
    default:
      return undefined;
  }
}

/** Whether the table that a foreign key refers to, and its key, exist when the referring table is created. */
function isReferenceReady(
  work: Work,
  table: QualifiedName,
  own: TableDraft,
  constraint: NodeBody<"Constraint">,
): boolean {
  const name = nameOf(constraint.pktable);
  const referenced = work.script.tableDrafts.get(keyOf(name));
  const isSelf = keyOf(name) === keyOf(table);
  if (referenced && !isSelf && (referenced.isClosed || referenced.statement.start > own.statement.start))
    return false;
  const known = work.schema.table(name);
  if (!known) return true;
  const columns = names(constraint.pk_attrs);
  return [...known.constraints.values()].some(
    (key) =>
      (key.kind === "primary" || key.kind === "unique") &&
      !referenced?.lateKeys.has(key.name) &&
      (columns.length === 0 ? key.kind === "primary" : sameColumns(key.columns, columns)),
  );
}

const sameColumns = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((column) => b.includes(column));

/** Puts a constraint into the CREATE TABLE of the same text. */
export function fold(
  work: Work,
  target: TableDraft,
  table: KnownTable | undefined,
  constraint: KnownConstraint,
): undefined {
  addElement(target, `CONSTRAINT ${identifier(constraint.name)} ${constraint.definition}`);
  const { line } = work.script.location(work.statement);
  addChange(
    target.changes,
    "folded",
    `The constraint ${identifier(constraint.name)} of line ${line} moves into the table's definition.`,
  );
  table?.constraints.set(constraint.name, constraint);
  if (constraint.kind !== "primary") return;
  for (const name of constraint.columns) {
    const column = table?.columns.get(name);
    if (column) column.notNull = true;
  }
}
