import type { Finding } from "./finding.ts";
import type { Argument, Attribute, Block, Field, Position, SchemaFile, Value } from "./schema-tree.ts";

/** A model and the file it stands in. */
export interface Model extends Block {
  path: string;
}

/** All files of one schema, as the rules ask about them. */
export interface SchemaView {
  files: readonly SchemaFile[];
  /** The tables: views, enums and composite types are not among them. */
  models: readonly Model[];
  enumNames: ReadonlySet<string>;
  modelNames: ReadonlySet<string>;
}

/** A rule looks at a whole schema and says what DSQL does not take. */
export type Rule = (schema: SchemaView) => Finding[];

export function viewOf(files: readonly SchemaFile[]): SchemaView {
  const blocks = files.flatMap(({ path, blocks }) => blocks.map((block) => ({ ...block, path })));
  const namesOf = (...keywords: string[]) =>
    new Set(blocks.filter(({ keyword }) => keywords.includes(keyword)).map(({ name }) => name));
  return {
    files,
    models: blocks.filter(({ keyword }) => keyword === "model"),
    enumNames: namesOf("enum"),
    modelNames: namesOf("model", "view"),
  };
}

/** The blocks with that keyword, each with its file. */
export function blocksOf(schema: SchemaView, keyword: string): Model[] {
  return schema.files.flatMap(({ path, blocks }) =>
    blocks.filter((block) => block.keyword === keyword).map((block) => ({ ...block, path })),
  );
}

/** The columns of a model; relation fields have none. */
export function columnsOf(model: Model, schema: SchemaView): Field[] {
  return model.fields.filter(
    ({ type, attributes }) => !schema.modelNames.has(type) && !attributes.some(isIgnored),
  );
}

/** The native type of a column, such as `VarChar` of `@db.VarChar(255)`, with its arguments. */
export function nativeTypeOf(field: Field): (Attribute & { type: string }) | undefined {
  const attribute = field.attributes.find(({ name }) => name.includes("."));
  return attribute && { ...attribute, type: attribute.name.slice(attribute.name.indexOf(".") + 1) };
}

export function argumentOf(args: readonly Argument[], name: string, place?: number): Value | undefined {
  const named = args.find((argument) => argument.name === name);
  if (named !== undefined) return named.value;
  return place === undefined
    ? undefined
    : args.filter((argument) => argument.name === undefined)[place]?.value;
}

export function textOf(value: Value | undefined): string | undefined {
  return value === undefined || value.kind === "list" || value.kind === "object" ? undefined : value.text;
}

/** A finding at that place of the file. */
export function finding(
  path: string,
  { line, column }: Position,
  details: Pick<Finding, "rule" | "severity" | "message" | "advice">,
): Finding {
  return { ...details, path, line, column };
}

function isIgnored({ name }: Attribute): boolean {
  return name === "ignore";
}
