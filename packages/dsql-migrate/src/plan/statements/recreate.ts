import * as done from "../done.ts";
import type { Range } from "../draft.ts";
import { RULES, type RuleId } from "../rules.ts";
import { type KnownColumn, type KnownIndex, type KnownTable, keyOf } from "../schema.ts";
import { tokenize } from "../sql/lexer.ts";
import { identifier, literal, type QualifiedName, qualified } from "../sql/quote.ts";
import { renameQualifier, renameReference } from "../sql/rename.ts";
import type { Work } from "../work.ts";
import type { Action } from "./action.ts";
import { addNotValid } from "./add-constraint.ts";
import { generatedName } from "./names.ts";

/** Changes the table's definition; returns an expression for each column that is not copied as it is, or undefined if it cannot. */
type Mutation = (after: KnownTable) => Map<string, string> | undefined;

/** Refuses what DSQL cannot change in place, or plans to recreate the table if the option `recreate` is set and it can be done. */
export function recreateOrRefuse(
  work: Work,
  table: QualifiedName,
  rule: RuleId,
  message: string,
  range: Range,
  mutate: Mutation,
  column: string | undefined,
  instead = "",
): Action {
  const refuse = (reason: string): Action => {
    work.refuse(rule, message, { range, advice: `${instead}${recipe(table, column, rule)}${reason}` });
    return {};
  };
  if (!work.options.recreate) return refuse("");
  const known = work.schema.table(table);
  if (!known) return refuse(" --recreate needs to know the table: plan the folder that creates it.");
  const obstacle = obstacleTo(work, known);
  if (obstacle) return refuse(` --recreate cannot do it: ${obstacle}`);
  const after: KnownTable = {
    ...known,
    columns: new Map([...known.columns].map(([name, entry]) => [name, { ...entry }])),
    constraints: new Map([...known.constraints].map(([name, constraint]) => [name, { ...constraint }])),
    indexes: new Map([...known.indexes].map(([name, index]) => [name, { ...index }])),
  };
  const expressions = mutate(after);
  if (!expressions) return refuse("");
  const before = { ...known };
  const oldColumns = [...known.columns.keys()];
  const oldKey = work.schema.primaryKey(table);
  if (!oldKey) return refuse(" --recreate copies rows by their primary key, and the table has none.");
  work.schema.tables.set(keyOf(table), after);
  known.columns = after.columns;
  known.constraints = after.constraints;
  known.indexes = after.indexes;
  work.script.tableDrafts.delete(keyOf(table));
  return { emit: () => emitRecreation(work, { before, after, oldColumns, oldKey, expressions }) };
}

function recipe(table: QualifiedName, column: string | undefined, rule: RuleId): string {
  const name = qualified(table);
  const next = qualified({ ...table, name: `${table.name}_new` });
  if (rule !== "recreate-needed" && rule !== "add-column-refused") return RULES[rule].does;
  const what =
    column === undefined ? "with the key that you want" : `with ${identifier(column)} as you want it`;
  return `${instead(rule)}CREATE TABLE ${next} ${what}, copy the rows in batches below 3,000, ALTER TABLE ${name} RENAME TO ${identifier(`${table.name}_old`)}, ALTER TABLE ${next} RENAME TO ${identifier(table.name)}, then drop the old table. --recreate plans these steps.`;
}

const instead = (rule: RuleId): string =>
  rule === "recreate-needed" ? "Recreate the table: " : "Create a new table: ";

/** What keeps the planner from recreating a table. */
function obstacleTo(work: Work, table: KnownTable): string | undefined {
  if (!table.complete) return "the table has parts that the planner does not know.";
  for (const column of table.columns.values())
    if (column.default && /\bnextval\b/i.test(column.default))
      return `column ${identifier(column.name)} takes its values from a sequence.`;
  for (const [view, tables] of work.schema.views)
    if (tables.includes(keyOf(table.name))) return `the view ${view} reads it.`;
  return undefined;
}

interface Recreation {
  before: KnownTable;
  after: KnownTable;
  oldColumns: string[];
  oldKey: string[];
  expressions: Map<string, string>;
}

function emitRecreation(
  work: Work,
  { before, after, oldColumns, oldKey, expressions }: Recreation,
): undefined {
  const table = before.name;
  const next: QualifiedName = { ...table, name: `${table.name}__new` };
  const old: QualifiedName = { ...table, name: `${table.name}__old` };
  const name = qualified(table);
  const why = (message: string): ["recreate", string] => ["recreate", message];
  work.warn("recreate-writers", `${name} is recreated. Grants on it and comments are not carried over.`);
  work.extraStep(
    definitionOf(after, next),
    { kind: "ddl", done: done.relationExists(next) },
    why(`${name} is recreated as ${qualified(next)}.`),
  );

  const columns = [...after.columns.values()].filter(
    ({ name: column, generated }) => !generated && (oldColumns.includes(column) || expressions.has(column)),
  );
  copyRows(work, { table, next, columns, oldKey, expressions });
  for (const column of columns) {
    if (!column.identity) continue;
    const sequence = `pg_catalog.pg_get_serial_sequence(${literal(qualified(next))}, ${literal(column.name)})`;
    work.extraStep(
      `SELECT pg_catalog.setval(${sequence}, (SELECT max(${identifier(column.name)}) FROM ${qualified(next)}))`,
      { kind: "dml", done: done.REPEATABLE },
      why(`The identity column continues after its highest value.`),
    );
  }
  for (const index of after.indexes.values())
    buildIndex(
      work,
      next,
      {
        ...index,
        name: `${index.name}__new`,
        definition: renameQualifier(index.definition, table.name, next.name),
      },
      why(`The index ${identifier(index.name)} is built on the new table.`),
    );

  const incoming = incomingKeys(work, table);
  for (const { table: other, key } of incoming)
    work.extraStep(
      `ALTER TABLE ${qualified(other)} DROP CONSTRAINT ${identifier(key.name)}`,
      { kind: "ddl", done: done.constraintGone(other, key.name) },
      why(`The foreign key ${identifier(key.name)} is dropped for the swap, and added again after it.`),
    );
  work.extraStep(
    `ALTER TABLE ${name} RENAME TO ${identifier(old.name)}`,
    { kind: "ddl", done: done.relationExists(old) },
    why("The tables are swapped."),
  );
  work.extraStep(
    `ALTER TABLE ${qualified(next)} RENAME TO ${identifier(table.name)}`,
    { kind: "ddl", done: done.relationRenamed(next, table) },
    why("The tables are swapped."),
  );
  for (const { table: other, key } of incoming)
    addNotValid(work, other, key, why(`The foreign key ${identifier(key.name)} is added again.`));
  work.extraStep(
    `DROP TABLE ${qualified(old)}`,
    { kind: "ddl", done: done.relationsGone([old]) },
    why("The old table is dropped."),
  );
  for (const constraint of after.constraints.values()) {
    if (constraint.kind !== "primary" && constraint.kind !== "unique") continue;
    const from = `${constraint.name}__new`;
    work.extraStep(
      `ALTER TABLE ${name} RENAME CONSTRAINT ${identifier(from)} TO ${identifier(constraint.name)}`,
      { kind: "ddl", done: done.constraintRenamed(table, from, constraint.name) },
      why("The key gets its name back."),
    );
  }
  for (const column of columns) {
    if (!column.identity) continue;
    const { from, to } = sequenceNames(table, next, column);
    work.extraStep(
      `ALTER SEQUENCE ${qualified(from)} RENAME TO ${identifier(to.name)}`,
      { kind: "ddl", done: done.relationRenamed(from, to) },
      why("The sequence gets its name back."),
    );
  }
  for (const index of after.indexes.values()) {
    const from = { ...table, name: `${index.name}__new` };
    work.extraStep(
      `ALTER INDEX ${qualified(from)} RENAME TO ${identifier(index.name)}`,
      { kind: "ddl", done: done.relationRenamed(from, { ...table, name: index.name }) },
      why("The index gets its name back."),
    );
  }
}

/** CREATE TABLE from what is known; keys get names that the old table's keys do not have. */
function definitionOf(table: KnownTable, name: QualifiedName): string {
  const columns = [...table.columns.values()].map((column) =>
    renameQualifier(columnText(column), table.name.name, name.name),
  );
  const constraints = [...table.constraints.values()].map(
    ({ name: constraint, kind, definition, references }) => {
      const isKey = kind === "primary" || kind === "unique";
      const isSelf = references !== undefined && keyOf(references) === keyOf(table.name);
      const text = isSelf
        ? renameReference(definition, name)
        : kind === "check"
          ? renameQualifier(definition, table.name.name, name.name)
          : definition;
      return `CONSTRAINT ${identifier(isKey ? `${constraint}__new` : constraint)} ${text}`;
    },
  );
  return `CREATE TABLE ${qualified(name)} (\n  ${[...columns, ...constraints].join(",\n  ")}\n)`;
}

function columnText(column: KnownColumn): string {
  const parts = [identifier(column.name), column.type];
  if (column.identity) parts.push(withNewSequence(column.identity).text);
  if (column.generated) parts.push(column.generated);
  if (column.default !== undefined) parts.push(`DEFAULT ${column.default}`);
  if (column.notNull) parts.push("NOT NULL");
  return parts.join(" ");
}

/** The text of an identity; if it names its sequence, the new table's gets another name until the swap, and both names are returned. */
function withNewSequence(identity: string): { text: string; from?: QualifiedName; to?: QualifiedName } {
  const tokens = tokenize(identity);
  const at = tokens.findIndex(
    ({ kind, value }, index) =>
      kind === "word" && value === "name" && tokens[index - 1]?.value === "sequence",
  );
  const first = tokens[at + 1];
  if (at < 0 || !first) return { text: identity };
  const isQualified = tokens[at + 2]?.value === ".";
  const last = isQualified ? tokens[at + 3] : first;
  if (!last) return { text: identity };
  const to = { ...(isQualified && { schema: first.value }), name: last.value };
  const from = { ...to, name: `${to.name}__new` };
  return { text: identity.slice(0, first.start) + qualified(from) + identity.slice(last.end), from, to };
}

/** The names of an identity column's sequence: `from` in the new table, `to` as it was in the old one. */
function sequenceNames(
  table: QualifiedName,
  next: QualifiedName,
  column: KnownColumn,
): { from: QualifiedName; to: QualifiedName } {
  const { from, to } = withNewSequence(column.identity ?? "");
  return {
    from: from ?? { ...next, name: generatedName(next.name, [column.name], "seq") },
    to: to ?? { ...table, name: generatedName(table.name, [column.name], "seq") },
  };
}

interface Copy {
  table: QualifiedName;
  next: QualifiedName;
  columns: KnownColumn[];
  oldKey: string[];
  expressions: Map<string, string>;
}

/** Copies rows in the order of the old key, each batch from where the last one ended. */
function copyRows(work: Work, { table, next, columns, oldKey, expressions }: Copy): undefined {
  const source = qualified(table);
  const target = qualified(next);
  const key = oldKey.map(identifier).join(", ");
  const descending = oldKey.map((column) => `${identifier(column)} DESC`).join(", ");
  const list = columns.map(({ name }) => identifier(name)).join(", ");
  const values = columns.map(({ name }) => expressions.get(name) ?? identifier(name)).join(", ");
  const overriding = columns.some(({ identity }) => identity) ? " OVERRIDING SYSTEM VALUE" : "";
  const batchRows = work.options.backfillBatchRows;
  const left = `NOT EXISTS (SELECT FROM ${target}) OR (${key}) > (SELECT ${key} FROM ${target} ORDER BY ${descending} LIMIT 1)`;
  const batchSql = `INSERT INTO ${target} (${list})${overriding} SELECT ${values} FROM ${source} WHERE ${left} ORDER BY ${key} LIMIT ${batchRows}`;
  work.extraStep(
    batchSql,
    {
      kind: "backfill",
      done: {
        kind: "query",
        sql: `SELECT (SELECT count(*) FROM ${source}) = (SELECT count(*) FROM ${target}) AS done`,
      },
      safeToRepeat: true,
      backfill: {
        table: target,
        batchSql,
        batchRows,
        remainingSql: `SELECT count(*) AS remaining FROM ${source} WHERE ${left}`,
      },
    },
    ["recreate", `Rows are copied in batches of ${batchRows}.`],
  );
}

/** Builds an index by a job. */
function buildIndex(work: Work, table: QualifiedName, index: KnownIndex, why: [RuleId, string]): undefined {
  work.extraStep(
    `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ASYNC ${identifier(index.name)} ON ${qualified(table)} ${index.definition}`,
    {
      kind: "async-job",
      done: done.indexValid(table, index.name),
      job: {
        kind: "index",
        ...(table.schema && { schema: table.schema }),
        table: table.name,
        name: index.name,
      },
    },
    why,
  );
}

function incomingKeys(work: Work, table: QualifiedName) {
  const key = keyOf(table);
  return [...work.schema.tables.values()].flatMap((other) =>
    keyOf(other.name) === key
      ? []
      : [...other.constraints.values()]
          .filter(({ references }) => references !== undefined && keyOf(references) === key)
          .map((constraint) => ({ table: other.name, key: constraint })),
  );
}
