import type { Attribute, Position, Value } from "./schema-tree.ts";
import { argumentOf, type Model, textOf } from "./schema-view.ts";

/** One column of a key, with its arguments there. */
export interface KeyColumn {
  name: string;
  at: Position;
  sort: string | undefined;
  hasOperatorClass: boolean;
}

/** A primary key, a unique constraint or an index of a model. */
export interface Key {
  attribute: Attribute;
  columns: KeyColumn[];
  /** The access method, if the schema names one. */
  type: Value | undefined;
}

const fieldKeys = new Set(["id", "unique"]);
const modelKeys = new Set(["id", "unique", "index"]);

/** Every key of a model, whether it is written at the field or at the end of the model. */
export function keysOf(model: Model): Key[] {
  const onFields = model.fields.flatMap((field) =>
    field.attributes
      .filter(({ name }) => fieldKeys.has(name))
      .map((attribute) => ({
        attribute,
        columns: [{ name: field.name, at: attribute, ...requests(attribute.args) }],
        type: undefined,
      })),
  );
  const onModel = model.attributes
    .filter(({ name }) => modelKeys.has(name))
    .map((attribute) => ({
      attribute,
      columns: keyColumnsOf(argumentOf(attribute.args, "fields", 0)),
      type: argumentOf(attribute.args, "type"),
    }));
  return [...onFields, ...onModel];
}

/** Prisma reads `@@index(a)` as `@@index([a])`. */
function keyColumnsOf(fields: Value | undefined): KeyColumn[] {
  if (fields === undefined) return [];
  const items = fields.kind === "list" ? fields.items : [fields];
  return items.map((item) => ({
    name: textOf(item) ?? "",
    at: item,
    ...requests(item.kind === "call" ? item.args : []),
  }));
}

function requests(args: Attribute["args"]): Pick<KeyColumn, "sort" | "hasOperatorClass"> {
  return {
    sort: textOf(argumentOf(args, "sort")),
    hasOperatorClass: argumentOf(args, "ops") !== undefined,
  };
}
