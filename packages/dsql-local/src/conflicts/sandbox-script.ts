import { identifier, literal } from "../sql/quoting.ts";
import type { TableDefinition } from "./table-definition.ts";
import type { ReplayStep } from "./write-set.ts";

/**
 * SQL that makes the sandbox of a transaction which is known to lose its conflict: temporary copies of tables, in which its
 * statements go on as if they were alone, until COMMIT fails. A copy holds what the transaction's snapshot sees, with its
 * own changes, and has the same constraints under the same names.
 * @param changes what the transaction has changed: `base` is a row before, `row` a row now, both as PostgreSQL's row texts
 */
export function sandboxScript(tables: readonly TableDefinition[], changes: readonly ReplayStep[]): string {
  /** The copies' names by the tables' oids. */
  const names = new Map(tables.map(({ table, name }) => [table, `pg_temp.${identifier(name)}`]));
  const script: string[] = [];
  for (const definition of tables) {
    const copy = names.get(definition.table) as string;
    const own = changes.filter(({ table }) => table === definition.table);
    script.push(`CREATE TEMP TABLE ${identifier(definition.name)} (${definition.body})`);
    for (const { name, keys } of definition.indexes)
      script.push(`CREATE UNIQUE INDEX ${name} ON ${copy} USING ${keys}`);
    script.push(...fill(definition, copy, own));
    // After the rows, which need not pass them.
    for (const constraint of definition.uncheckedConstraints)
      script.push(`ALTER TABLE ${copy} ADD CONSTRAINT ${constraint}`);
    script.push(`GRANT ALL ON ${copy} TO PUBLIC`);
  }
  // Once all copies exist; NOT VALID leaves the rows that were copied unchecked.
  for (const { table, foreignKeys } of tables) {
    for (const { name, parent, columns, parentColumns, rest } of foreignKeys) {
      script.push(
        `ALTER TABLE ${names.get(table)} ADD CONSTRAINT ${name} FOREIGN KEY (${columns})
         REFERENCES ${names.get(parent)} (${parentColumns})${rest} NOT VALID`,
      );
    }
  }
  return script.join(";\n");
}

/** INSERTs of the rows that the transaction has not changed, as they are in the table, and of its own rows. */
function fill(
  { schema, name, columns, primaryKey }: TableDefinition,
  copy: string,
  changes: readonly ReplayStep[],
): string[] {
  const source = `${identifier(schema)}.${identifier(name)}`;
  const bases = changes.flatMap(({ base }) => base ?? []);
  const filled = [
    `INSERT INTO ${copy} (${columns}) SELECT ${columns} FROM ONLY ${source} AS t${exceptThese(bases, source, primaryKey)}`,
  ];
  /** Its own rows as they are now, as SQL literals. */
  const images = changes.flatMap(({ row }) => (row === undefined ? [] : [literal(row)]));
  if (images.length > 0) {
    filled.push(
      `INSERT INTO ${copy} (${columns}) SELECT ${columns}
       FROM (SELECT (image::${source}).* FROM unnest(ARRAY[${images.join(", ")}]::text[]) AS image) AS images`,
    );
  }
  return filled;
}

/** A WHERE clause that leaves out the rows that the transaction has changed or deleted: by their keys, or without one by ctid. */
function exceptThese(
  bases: readonly { row: string; ctid?: string | undefined }[],
  source: string,
  primaryKey: readonly string[],
): string {
  if (bases.length === 0) return "";
  if (primaryKey.length === 0) {
    return ` WHERE ctid <> ALL (ARRAY[${bases.map(({ ctid = "" }) => literal(ctid)).join(", ")}]::tid[])`;
  }
  const rows = bases.map(({ row }) => literal(row)).join(", ");
  const isSame = primaryKey.map((column) => `t.${column} = (base).${column}`).join(" AND ");
  // OFFSET 0 keeps PostgreSQL from parsing a row's text anew for each of its columns.
  return ` WHERE NOT EXISTS (
    SELECT FROM (SELECT image::${source} AS base FROM unnest(ARRAY[${rows}]::text[]) AS image OFFSET 0) AS b WHERE ${isSame})`;
}
