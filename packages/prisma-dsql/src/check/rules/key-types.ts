import { keysOf } from "../keys.ts";
import type { Field } from "../schema-tree.ts";
import { finding, nativeTypeOf, type Rule } from "../schema-view.ts";

// "datatype … is not supported in a key"
const keyless = new Map([
  ["json", "json"],
  ["jsonb", "jsonb"],
  ["bytea", "bytea"],
  ["timetz", "time with time zone"],
  ["interval", "interval"],
]);
const byDefault: Record<string, string> = { Json: "jsonb", Bytes: "bytea" };

/** Columns that may stand in a table but not in a primary key, a unique constraint or an index. */
export const keyTypes: Rule = (schema) =>
  schema.models.flatMap((model) =>
    keysOf(model).flatMap(({ columns }) =>
      columns.flatMap(({ name, at }) => {
        const field = model.fields.find((candidate) => candidate.name === name);
        const type = field && keyless.get(typeOf(field));
        if (type === undefined) return [];
        return finding(model.path, at, {
          rule: "key-type",
          severity: "error",
          message: `${model.name}.${name} is ${type}, which DSQL takes in no key.`,
          advice:
            "Leave it out of the key, or add a column that can be compared, such as a String made from it.",
        });
      }),
    ),
  );

function typeOf(field: Field): string {
  return (nativeTypeOf(field)?.type ?? field.unsupportedType ?? byDefault[field.type] ?? "").toLowerCase();
}
