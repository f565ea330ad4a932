import type { Finding } from "../finding.ts";
import { type Key, keysOf } from "../keys.ts";
import { finding, type Model, type Rule, textOf } from "../schema-view.ts";

const mostColumns = 8;
const mostIndexes = 24;

/** What CREATE INDEX ASYNC, PRIMARY KEY and UNIQUE take on DSQL is less than what Prisma can write. */
export const indexes: Rule = (schema) =>
  schema.models.flatMap((model) => {
    const keys = keysOf(model);
    return [
      ...keys.flatMap((key) => [...sortOrders(model, key), ...operatorClasses(model, key)]),
      ...keys.flatMap((key) => [...accessMethod(model, key), ...tooManyColumns(model, key)]),
      ...tooManyIndexes(model, keys),
    ];
  });

function sortOrders(model: Model, key: Key): Finding[] {
  return key.columns
    .filter(({ sort }) => sort !== undefined)
    .map(({ name, sort, at }) =>
      finding(model.path, at, {
        rule: "index-sort",
        severity: "error",
        message: `DSQL takes no sort order in a key, and ${model.name}.${name} has sort: ${sort}.`,
        advice: "Remove sort; an index is read in both directions.",
      }),
    );
}

function operatorClasses(model: Model, key: Key): Finding[] {
  return key.columns
    .filter(({ operatorClass }) => operatorClass)
    .map(({ name, at }) =>
      finding(model.path, at, {
        rule: "index-ops",
        severity: "error",
        message: `DSQL takes no operator class in a key, and ${model.name}.${name} has ops.`,
        advice: "Remove ops.",
      }),
    );
}

function accessMethod(model: Model, { attribute, type }: Key): Finding[] {
  const method = textOf(type);
  if (method === undefined || method === "BTree") return [];
  return [
    finding(model.path, attribute, {
      rule: "index-type",
      severity: "error",
      message: `DSQL has B-tree indexes only, and this one on ${model.name} is of type ${method}.`,
      advice: "Remove type; an index for containment or text search cannot be had.",
    }),
  ];
}

function tooManyColumns(model: Model, { attribute, columns }: Key): Finding[] {
  if (columns.length <= mostColumns) return [];
  return [
    finding(model.path, attribute, {
      rule: "index-columns",
      severity: "error",
      message: `This key of ${model.name} has ${columns.length} columns; DSQL takes ${mostColumns}.`,
      advice: "Leave out the columns that do not narrow the search.",
    }),
  ];
}

function tooManyIndexes(model: Model, keys: readonly Key[]): Finding[] {
  if (keys.length <= mostIndexes) return [];
  return [
    finding(model.path, model, {
      rule: "index-count",
      severity: "error",
      message: `${model.name} has ${keys.length} indexes, its primary key and unique ones included; DSQL takes ${mostIndexes}.`,
      advice: "Remove the ones that no query needs.",
    }),
  ];
}
