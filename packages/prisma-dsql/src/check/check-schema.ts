import type { Finding } from "./finding.ts";
import { parseSchema } from "./parse-schema.ts";
import { autoincrement } from "./rules/autoincrement.ts";
import { columnTypes } from "./rules/column-types.ts";
import { datasource } from "./rules/datasource.ts";
import { defaults } from "./rules/defaults.ts";
import { enums } from "./rules/enums.ts";
import { generator } from "./rules/generator.ts";
import { keys } from "./rules/keys.ts";
import { scalarLists } from "./rules/scalar-lists.ts";
import { tableSize } from "./rules/table-size.ts";
import { type SchemaFile, SchemaSyntaxError } from "./schema-tree.ts";
import { viewOf } from "./schema-view.ts";

const rules = [
  datasource,
  generator,
  enums,
  scalarLists,
  columnTypes,
  autoincrement,
  defaults,
  keys,
  tableSize,
];

/** One file of a schema. */
export interface SchemaSource {
  path: string;
  text: string;
}

/** Options of `checkSchema`. */
export interface CheckOptions {
  /** Domains and SQL functions of your own, by name, which types and defaults of the schema may use. @default none */
  known?: readonly string[] | undefined;
}

/**
 * Finds what Aurora DSQL does not support in a Prisma schema, in the order of the files and their lines.
 *
 * @throws SchemaSyntaxError when a file is not valid Prisma schema language.
 */
export function checkSchema(sources: readonly SchemaSource[], { known = [] }: CheckOptions = {}): Finding[] {
  const schema = viewOf(sources.map(parseSource), known);
  const order = new Map(sources.map(({ path }, index) => [path, index]));
  return rules
    .flatMap((rule) => rule(schema))
    .sort(
      (a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0) || a.line - b.line || a.column - b.column,
    );
}

/** Reads one file. An error names it, because the caller may have passed many. */
export function parseSource({ path, text }: SchemaSource): SchemaFile {
  try {
    return { path, blocks: parseSchema(text) };
  } catch (error) {
    if (!(error instanceof SchemaSyntaxError)) throw error;
    throw new SchemaSyntaxError(error.message, error.position, path, { cause: error });
  }
}
