import { replacementFor, supportedTypes, typeName } from "../dsql-types.ts";
import type { Finding } from "../finding.ts";
import type { Field } from "../schema-tree.ts";
import { columnsOf, finding, type Model, nativeTypeOf, type Rule, textOf } from "../schema-view.ts";

// https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-postgresql-compatibility-supported-data-types.html (read 2026-11-21)
const lengthLimits: Record<string, { most: number; unit: string }> = {
  Char: { most: 4096, unit: "bytes" },
  VarChar: { most: 65_535, unit: "bytes" },
  Decimal: { most: 1000, unit: "digits" },
};

/** The SQL name of `@db.…`, if it is a different one. */
const sqlNames: Record<string, string> = { DoublePrecision: "double precision" };

/** Types that DSQL does not support, and lengths beyond its limits. */
export const columnTypes: Rule = (schema) =>
  schema.models.flatMap((model) =>
    columnsOf(model, schema).flatMap((field) => [
      ...unsupportedType(model, field, schema.knownNames),
      ...lengthOverLimit(model, field),
    ]),
  );

function unsupportedType(model: Model, field: Field, known: ReadonlySet<string>): Finding[] {
  const native = nativeTypeOf(field);
  const written = native ? (sqlNames[native.type] ?? native.type) : field.unsupportedType;
  if (written === undefined) return [];
  const type = typeName(written);
  if (supportedTypes.has(type) || known.has(type)) return [];
  return [
    finding(model.path, native ?? field, {
      rule: "native-type",
      severity: "error",
      message: `DSQL does not support the type ${written.toLowerCase()} of ${model.name}.${field.name}.`,
      advice: replacementFor(type),
    }),
  ];
}

function lengthOverLimit(model: Model, field: Field): Finding[] {
  const native = nativeTypeOf(field);
  const limit = native && lengthLimits[native.type];
  const length = Number(textOf(native?.args[0]?.value));
  if (!native || !limit || !(length > limit.most)) return [];
  return [
    finding(model.path, native, {
      rule: "type-length",
      severity: "error",
      message: `${native.type}(${length}) of ${model.name}.${field.name} exceeds DSQL's limit of ${limit.most} ${limit.unit}.`,
      advice:
        native.type === "Decimal"
          ? `Use at most ${limit.most} ${limit.unit}.`
          : "Use @db.Text (up to 1 MiB).",
    }),
  ];
}
