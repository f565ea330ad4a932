import type { Finding } from "./finding.ts";
import { parseSchema } from "./parse-schema.ts";
import { autoincrement } from "./rules/autoincrement.ts";
import { columnTypes } from "./rules/column-types.ts";
import { datasource } from "./rules/datasource.ts";
import { defaults } from "./rules/defaults.ts";
import { enums } from "./rules/enums.ts";
import { generator } from "./rules/generator.ts";
import { indexes } from "./rules/indexes.ts";
import { keySize } from "./rules/key-size.ts";
import { keyTypes } from "./rules/key-types.ts";
import { scalarLists } from "./rules/scalar-lists.ts";
import { tableSize } from "./rules/table-size.ts";
import { viewOf } from "./schema-view.ts";

const rules = [
  datasource,
  generator,
  enums,
  scalarLists,
  columnTypes,
  autoincrement,
  defaults,
  keyTypes,
  keySize,
  indexes,
  tableSize,
];

/** One file of a schema, as text. */
export interface SchemaSource {
  path: string;
  text: string;
}

/**
 * Finds what Aurora DSQL cannot take in a Prisma schema, in the order of the files and their lines.
 *
 * @throws SchemaSyntaxError when a file is not in Prisma's schema language.
 */
export function checkSchema(sources: readonly SchemaSource[]): Finding[] {
  const schema = viewOf(sources.map(({ path, text }) => ({ path, blocks: parseSchema(text) })));
  const order = new Map(sources.map(({ path }, place) => [path, place]));
  return rules
    .flatMap((rule) => rule(schema))
    .sort(
      (a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0) || a.line - b.line || a.column - b.column,
    );
}
