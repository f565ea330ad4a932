import { parseSource, type SchemaSource } from "./check-schema.ts";
import { keysOf } from "./keys.ts";
import type { Field } from "./schema-tree.ts";
import { argumentOf, blocksOf, type SchemaView, textOf, viewOf } from "./schema-view.ts";

/** How many statements of the SQL that Prisma writes for a schema must be changed for DSQL. */
export interface MigrationChanges {
  /** `CREATE TABLE`, which stay unchanged; like every statement, each needs its own transaction. */
  tables: number;
  /** `CREATE INDEX`, which become `CREATE INDEX ASYNC`. */
  indexes: number;
  /** `ADD CONSTRAINT ... FOREIGN KEY`, which become `NOT VALID` and are validated with `ALTER TABLE ASYNC`. */
  foreignKeys: number;
}

/**
 * Counts what is still to be changed in the migration that Prisma writes to create a schema, even where `checkSchema`
 * finds nothing in the schema itself.
 *
 * @throws SchemaSyntaxError when a file is not valid Prisma schema language.
 */
export function migrationChanges(sources: readonly SchemaSource[]): MigrationChanges {
  const schema = viewOf(sources.map(parseSource));
  const joinTables = countJoinTables(schema);
  const indexes = schema.models.flatMap(keysOf).filter(({ attribute }) => attribute.name !== "id").length;
  const relations = schema.models.flatMap(({ fields }) => fields).filter(ownsForeignKey).length;
  return {
    tables: schema.models.length + joinTables,
    indexes: indexes + joinTables,
    foreignKeys: relationMode(schema) === "prisma" ? 0 : relations + 2 * joinTables,
  };
}

function ownsForeignKey({ attributes }: Field): boolean {
  return attributes.some(({ name, args }) => name === "relation" && argumentOf(args, "fields") !== undefined);
}

/** Two lists that name each other make a table of their own, with an index and two foreign keys. */
function countJoinTables({ models }: SchemaView): number {
  const names = new Set(models.map(({ name }) => name));
  const lists = models.flatMap((model) =>
    model.fields
      .filter(({ list, type }) => list && names.has(type))
      .map((field) => [...[model.name, field.type].sort(), relationName(field)].join(" ")),
  );
  return lists.length - new Set(lists).size;
}

function relationName({ attributes }: Field): string {
  const relation = attributes.find(({ name }) => name === "relation");
  return (relation && textOf(argumentOf(relation.args, "name", 0))) ?? "";
}

function relationMode(schema: SchemaView): string | undefined {
  const [datasource] = blocksOf(schema, "datasource");
  return textOf(datasource?.properties.find(({ name }) => name === "relationMode")?.value);
}
