import { blocksOf, finding, type Rule } from "../schema-view.ts";

/** CREATE TYPE is refused, and an enum is one. */
export const enums: Rule = (schema) =>
  blocksOf(schema, "enum").map((block) =>
    finding(block.path, block, {
      rule: "enum",
      severity: "error",
      message: `DSQL refuses CREATE TYPE, so the enum ${block.name} cannot be created.`,
      advice: `Use String for its columns, add CHECK (column IN (${valuesOf(block.fields)})) in the migration that creates the table, and keep the names in a TypeScript union.`,
    }),
  );

function valuesOf(values: readonly { name: string }[]): string {
  const shown = values.slice(0, 3).map(({ name }) => `'${name}'`);
  return values.length > shown.length ? `${shown.join(", ")}, ...` : shown.join(", ");
}
