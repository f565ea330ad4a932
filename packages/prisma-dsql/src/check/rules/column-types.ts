import type { Finding } from "../finding.ts";
import type { Field } from "../schema-tree.ts";
import { columnsOf, finding, type Model, nativeTypeOf, type Rule, textOf } from "../schema-view.ts";
import { refusedTypes } from "./refused-types.ts";

// Most that DSQL takes: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-postgresql-compatibility-supported-data-types.html (read 2026-11-21)
const largest: Record<string, { most: number; unit: string }> = {
  Char: { most: 4096, unit: "bytes" },
  VarChar: { most: 65_535, unit: "bytes" },
  Decimal: { most: 1000, unit: "digits" },
};

/** Native types that DSQL does not have, and lengths beyond its limits. */
export const columnTypes: Rule = (schema) =>
  schema.models.flatMap((model) =>
    columnsOf(model, schema).flatMap((field) => [...refusedType(model, field), ...tooLong(model, field)]),
  );

function refusedType(model: Model, field: Field): Finding[] {
  const native = nativeTypeOf(field);
  const written = native?.type ?? field.unsupportedType ?? "";
  const advice = refusedTypes.get(baseName(written));
  if (advice === undefined) return [];
  return [
    finding(model.path, native ?? field, {
      rule: "native-type",
      severity: "error",
      message: `DSQL has no type ${written.toLowerCase()}, the type of ${model.name}.${field.name}.`,
      advice,
    }),
  ];
}

function tooLong(model: Model, field: Field): Finding[] {
  const native = nativeTypeOf(field);
  const limit = native && largest[native.type];
  const length = Number(textOf(native?.args[0]?.value));
  if (!native || !limit || !(length > limit.most)) return [];
  return [
    finding(model.path, native, {
      rule: "type-length",
      severity: "error",
      message: `${native.type}(${length}) of ${model.name}.${field.name} is beyond the ${limit.most} ${limit.unit} that DSQL takes.`,
      advice:
        native.type === "Decimal"
          ? `Take at most ${limit.most} ${limit.unit}.`
          : "Take @db.Text (up to 1 MiB).",
    }),
  ];
}

function baseName(type: string): string {
  return type
    .toLowerCase()
    .replace(/\(.*\)/, "")
    .replace(/^.*\[\]$/, "array")
    .trim();
}
