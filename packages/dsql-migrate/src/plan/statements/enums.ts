import * as done from "../done.ts";
import { type KnownColumn, type KnownTable, keyOf } from "../schema.ts";
import { identifier, literal, type QualifiedName, qualified } from "../sql/quote.ts";
import { type NodeBody, names } from "../sql/tree.ts";
import type { Work } from "../work.ts";
import { validate } from "./add-constraint.ts";
import { enumCheck } from "./columns.ts";
import { generatedName } from "./names.ts";

const ORDER = "Its values sort as text, not in the order of the list.";

/** A dotted name from its parts. */
export function nameFrom(parts: readonly string[]): QualifiedName {
  return { ...(parts.length > 1 && { schema: parts.at(-2) }), name: parts.at(-1) ?? "" };
}

/** CREATE TYPE … AS ENUM. */
export function createEnum(work: Work, statement: NodeBody<"CreateEnumStmt">): undefined {
  const name = nameFrom(names(statement.typeName));
  const values = names(statement.vals);
  const shown = qualified(name);
  if (work.options.enums === "refuse")
    return work.refuse("enum-refused", `DSQL does not have enums (${shown}).`);
  if (work.options.enums === "domain") {
    work.schema.domains.set(keyOf(name), "text");
    const list = values.map((value) => literal(value).trim()).join(", ");
    const check = values.length > 0 ? `VALUE IN (${list})` : "false";
    work.extraStep(
      `CREATE DOMAIN ${shown} AS text CONSTRAINT ${identifier(`${name.name}_check`)} CHECK (${check})`,
      { kind: "ddl", done: done.domainExists(name) },
      ["enum-domain", `The enum ${shown} becomes a domain over text. ${ORDER}`],
    );
    return;
  }
  work.schema.enums.set(keyOf(name), values);
  work.leaveOut("enum-check", `The enum ${shown} becomes a CHECK on each column of the type. ${ORDER}`);
}

/** ALTER TYPE … ADD VALUE, RENAME VALUE. */
export function alterEnum(work: Work, statement: NodeBody<"AlterEnumStmt">): undefined {
  const name = nameFrom(names(statement.typeName));
  const key = keyOf(name);
  const values = work.schema.enums.get(key);
  const value = statement.newVal ?? "";
  if (!values || statement.oldVal !== undefined) {
    const what = statement.oldVal === undefined ? "add a value to" : "rename a value of";
    return work.refuse("enum-refused", `DSQL cannot ${what} the enum ${qualified(name)}.`, {
      advice:
        statement.oldVal === undefined
          ? "Use text with a CHECK; to allow a value, add a second CHECK as NOT VALID, validate it, and drop the first."
          : "Allow the new value in the CHECK, update the rows in batches, then remove the old value.",
    });
  }
  if (values.includes(value)) {
    if (!statement.skipIfNewValExists)
      return work.refuse("enum-refused", `The enum has the value ${literal(value)} already.`);
    return work.leaveOut("drop-nothing", `The enum has the value ${literal(value)} already.`);
  }
  values.push(value);
  let columns = 0;
  for (const table of work.schema.tables.values()) {
    for (const column of table.columns.values()) {
      if (column.enum?.type !== key) continue;
      replaceEnumCheck(work, table, column, key, values).emit();
      columns++;
    }
  }
  if (columns === 0) work.leaveOut("enum-check", `No column has the enum ${qualified(name)} yet.`);
}

/** Replaces the CHECK of an enum: the new one is validated before the old one is dropped. */
export function replaceEnumCheck(
  work: Work,
  table: KnownTable,
  column: KnownColumn,
  type: string,
  values: readonly string[],
): { emit: () => void } {
  const old = column.enum?.check;
  const definition = enumCheck(column.name, values);
  const added = generatedName(table.name.name, [column.name], "check", table);
  const kept = old ?? added;
  table.constraints.set(kept, { name: kept, kind: "check", columns: [column.name], definition });
  column.enum = { type, check: kept };
  const name = table.name;
  const why = [
    "enum-check",
    `The CHECK of ${identifier(column.name)} gets other values: the new one is validated before the old one is dropped.`,
  ] as ["enum-check", string];
  return {
    emit: () => {
      // The steps of a resumed plan can be told apart: each checks for a name that the others do not have.
      work.extraStep(
        `ALTER TABLE ${qualified(name)} ADD CONSTRAINT ${identifier(added)} ${definition} NOT VALID`,
        { kind: "ddl", done: done.constraintExists(name, added) },
        why,
      );
      validate(work, name, added, why);
      if (old === undefined) return;
      work.extraStep(
        `ALTER TABLE ${qualified(name)} DROP CONSTRAINT ${identifier(old)}`,
        { kind: "ddl", done: done.constraintGone(name, old) },
        why,
      );
      work.extraStep(
        `ALTER TABLE ${qualified(name)} RENAME CONSTRAINT ${identifier(added)} TO ${identifier(old)}`,
        { kind: "ddl", done: done.constraintRenamed(name, added, old) },
        why,
      );
    },
  };
}

/** ALTER TYPE … RENAME TO of an enum; returns whether it was one. */
export function renameEnum(work: Work, from: QualifiedName, to: string): boolean {
  const key = keyOf(from);
  const newKey = keyOf({ ...from, name: to });
  const values = work.schema.enums.get(key);
  if (!values) return false;
  work.schema.enums.delete(key);
  work.schema.enums.set(newKey, values);
  for (const table of work.schema.tables.values())
    for (const column of table.columns.values()) if (column.enum?.type === key) column.enum.type = newKey;
  work.leaveOut(
    "enum-check",
    `The enum ${qualified(from)} is a CHECK on its columns; there is no type to rename.`,
  );
  return true;
}
