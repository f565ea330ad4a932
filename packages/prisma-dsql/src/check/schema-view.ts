import type { Finding } from "./finding.ts";
import type { Argument, Attribute, Block, Field, Position, SchemaFile, Value } from "./schema-tree.ts";

/** A model and the file that defines it. */
export interface Model extends Block {
  path: string;
}

/** All files of one schema, as the rules read them. */
export interface SchemaView {
  files: readonly SchemaFile[];
  /** The tables: views, enums and composite types are not among them. */
  models: readonly Model[];
  modelNames: ReadonlySet<string>;
  /** Types and functions of the user's own, in lower case. */
  knownNames: ReadonlySet<string>;
}

/** A rule reads a whole schema and returns what DSQL does not support. */
export type Rule = (schema: SchemaView) => Finding[];

export function viewOf(files: readonly SchemaFile[], known: readonly string[] = []): SchemaView {
  const blocks = files.flatMap(({ path, blocks }) => blocks.map((block) => ({ ...block, path })));
  return {
    files,
    models: blocks.filter(({ keyword }) => keyword === "model"),
    modelNames: new Set(
      blocks.filter(({ keyword }) => keyword === "model" || keyword === "view").map(({ name }) => name),
    ),
    knownNames: new Set(known.map((name) => name.toLowerCase())),
  };
}

/** The blocks with that keyword, each with its file. */
export function blocksOf(schema: SchemaView, keyword: string): Model[] {
  return schema.files.flatMap(({ path, blocks }) =>
    blocks.filter((block) => block.keyword === keyword).map((block) => ({ ...block, path })),
  );
}

/**
 * The columns of a model; relation fields have none. A field with `@ignore` is missing in the client, but not in the
 * table.
 */
export function columnsOf(model: Model, schema: SchemaView): Field[] {
  return model.fields.filter(({ type }) => !schema.modelNames.has(type));
}

/** The native type of a column, such as `VarChar` of `@db.VarChar(255)`, with its arguments. */
export function nativeTypeOf(field: Field): (Attribute & { type: string }) | undefined {
  const attribute = field.attributes.find(({ name }) => name.includes("."));
  return attribute && { ...attribute, type: attribute.name.slice(attribute.name.indexOf(".") + 1) };
}

/** The argument of that name, or else the one at that index among those without a name. */
export function argumentOf(args: readonly Argument[], name: string, index?: number): Value | undefined {
  const named = args.find((argument) => argument.name === name);
  if (named !== undefined) return named.value;
  return index === undefined
    ? undefined
    : args.filter((argument) => argument.name === undefined)[index]?.value;
}

export function textOf(value: Value | undefined): string | undefined {
  return value === undefined || value.kind === "list" || value.kind === "object" ? undefined : value.text;
}

/** A finding at that position of the file. */
export function finding(
  path: string,
  { line, column }: Position,
  details: Pick<Finding, "rule" | "severity" | "message" | "advice">,
): Finding {
  return { ...details, path, line, column };
}
