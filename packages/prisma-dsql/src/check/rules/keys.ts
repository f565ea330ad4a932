import { defaultTypes, supportedTypes, typeName, typesWithoutKeys } from "../dsql-types.ts";
import type { Finding } from "../finding.ts";
import { type Key, type KeyColumn, keysOf } from "../keys.ts";
import type { Field, Position } from "../schema-tree.ts";
import { finding, type Model, nativeTypeOf, type Rule, textOf } from "../schema-view.ts";

// https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html (read 2026-11-21)
const maxKeyColumns = 8;
const maxIndexes = 24;
const maxKeyBytes = 2000;

/** What is wrong with one key; several of them make one finding. */
interface Problem {
  rule: string;
  at: Position;
  message: string;
  advice: string;
}

/** CREATE INDEX ASYNC, PRIMARY KEY and UNIQUE of DSQL accept less than Prisma can write. */
export const keys: Rule = (schema) =>
  schema.models.flatMap((model) => {
    const all = keysOf(model);
    return [...all.flatMap((key) => findingOf(model, problemsOf(model, key))), ...tooManyIndexes(model, all)];
  });

function problemsOf(model: Model, key: Key): Problem[] {
  // Columns and operator classes of a GIN index only make sense there, so they are not checked one by one.
  const method = otherAccessMethod(model, key);
  if (method.length > 0) return method;
  return [
    ...typesOfColumns(model, key),
    ...sortOrders(model, key),
    ...operatorClasses(model, key),
    ...tooManyColumns(model, key),
    ...keyTooLong(model, key),
  ];
}

function findingOf(model: Model, problems: Problem[]): Finding[] {
  const [first] = problems;
  if (first === undefined) return [];
  return [
    finding(model.path, first.at, {
      rule: first.rule,
      severity: "error",
      message: problems.map(({ message }) => message).join(" "),
      advice: problems.map(({ advice }) => advice).join(" "),
    }),
  ];
}

function otherAccessMethod(model: Model, { attribute, columns, type }: Key): Problem[] {
  const method = textOf(type);
  if (method === undefined || method === "BTree") return [];
  const canBeBTree = columns.every((column) => keyType(model, column) === undefined);
  return [
    {
      rule: "index-type",
      at: attribute,
      message: `DSQL has only B-tree indexes, and this index on ${model.name} is of type ${method}.`,
      advice:
        canBeBTree && (method === "Hash" || method === "Brin")
          ? "Remove type; a B-tree index finds equal values and ranges."
          : "Remove the index; DSQL has no indexes for containment, text search or geometry.",
    },
  ];
}

function typesOfColumns(model: Model, { columns }: Key): Problem[] {
  const unusable = columns.flatMap((column) => {
    const type = keyType(model, column);
    return type === undefined ? [] : [{ ...column, type }];
  });
  const [first] = unusable;
  if (first === undefined) return [];
  const which = unusable.map(({ name, type }) => `${model.name}.${name} (${type})`).join(", ");
  return [
    {
      rule: "key-type",
      at: first.at,
      message: `DSQL does not support the type in a key: ${which}.`,
      advice:
        "Remove it from the key, or add a column that can be compared, such as a String derived from it.",
    },
  ];
}

function sortOrders(model: Model, { columns }: Key): Problem[] {
  const sorted = columns.filter(({ sort }) => sort !== undefined);
  const [first] = sorted;
  if (first === undefined) return [];
  const which = sorted.map(({ name, sort }) => `${model.name}.${name} (sort: ${sort})`).join(", ");
  return [
    {
      rule: "index-sort",
      at: first.at,
      message: `DSQL does not support a sort order in a key: ${which}.`,
      advice: "Remove sort; an index is read in both directions.",
    },
  ];
}

function operatorClasses(model: Model, { columns }: Key): Problem[] {
  const classed = columns.filter(({ hasOperatorClass }) => hasOperatorClass);
  const [first] = classed;
  if (first === undefined) return [];
  const which = classed.map(({ name }) => `${model.name}.${name}`).join(", ");
  return [
    {
      rule: "index-ops",
      at: first.at,
      message: `DSQL does not support an operator class in a key: ${which}.`,
      advice: "Remove ops.",
    },
  ];
}

function tooManyColumns(model: Model, { attribute, columns }: Key): Problem[] {
  if (columns.length <= maxKeyColumns) return [];
  return [
    {
      rule: "index-columns",
      at: attribute,
      message: `This key of ${model.name} has ${columns.length} columns; DSQL's limit is ${maxKeyColumns}.`,
      advice: "Remove the columns that do not narrow the search.",
    },
  ];
}

/** The size of stored key values is limited too, which a schema does not show. */
function keyTooLong(model: Model, { attribute, columns }: Key): Problem[] {
  const bytes = columns.reduce((sum, column) => sum + declaredBytes(fieldOf(model, column)), 0);
  if (bytes <= maxKeyBytes) return [];
  return [
    {
      rule: "key-size",
      at: attribute,
      message: `This key of ${model.name} is declared ${bytes} bytes long; DSQL's limit is ${maxKeyBytes}.`,
      advice: "Declare shorter columns, or put a hash of the text into the key.",
    },
  ];
}

function tooManyIndexes(model: Model, all: readonly Key[]): Finding[] {
  if (all.length <= maxIndexes) return [];
  return [
    finding(model.path, model, {
      rule: "index-count",
      severity: "error",
      message: `${model.name} has ${all.length} indexes, including its primary key and unique ones; DSQL's limit is ${maxIndexes}.`,
      advice: "Remove the ones that no query needs.",
    }),
  ];
}

/** The type of a key's column if a column can have it but a key cannot. */
function keyType(model: Model, column: KeyColumn): string | undefined {
  const field = fieldOf(model, column);
  if (field === undefined) return undefined;
  const written = nativeTypeOf(field)?.type ?? field.unsupportedType ?? defaultTypes[field.type] ?? "";
  const type = supportedTypes.get(typeName(written));
  return type !== undefined && typesWithoutKeys.has(type) ? type : undefined;
}

function fieldOf(model: Model, { name }: KeyColumn): Field | undefined {
  return model.fields.find((field) => field.name === name);
}

function declaredBytes(field: Field | undefined): number {
  const native = field && nativeTypeOf(field);
  if (native?.type !== "VarChar" && native?.type !== "Char") return 0;
  return Number(textOf(native.args[0]?.value) ?? 0);
}
