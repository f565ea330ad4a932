import { identifier, literal } from "../sql/quoting.ts";
import type { TableDefinition } from "./table-definition.ts";
import type { ReplayStep } from "./write-set.ts";

/**
 * SQL that creates the sandbox of a transaction that is known to lose a conflict: temporary copies of tables, on which its
 * statements continue as if it were the only transaction, until COMMIT fails. A copy contains what the transaction's snapshot
 * sees, with its own changes, and has the same constraints with the same names.
 * @param changes what the transaction has changed: `base` is a row before, `row` the row now, both as PostgreSQL's row texts
 */
export function sandboxScript(tables: readonly TableDefinition[], changes: readonly ReplayStep[]): string {
  /** The names of the copies, by the oids of their tables. */
  const names = new Map(tables.map(({ table, name }) => [table, `pg_temp.${identifier(name)}`]));
  const script: string[] = [];
  for (const definition of tables) {
    const copy = names.get(definition.table) as string;
    const own = changes.filter(({ table }) => table === definition.table);
    script.push(`CREATE TEMP TABLE ${identifier(definition.name)} (${definition.body})`);
    for (const { name, keys } of definition.indexes)
      script.push(`CREATE UNIQUE INDEX ${name} ON ${copy} USING ${keys}`);
    script.push(...fill(definition, copy, own));
    // Added after the rows, which need not satisfy them.
    for (const constraint of definition.uncheckedConstraints)
      script.push(`ALTER TABLE ${copy} ADD CONSTRAINT ${constraint}`);
    script.push(`GRANT ALL ON ${copy} TO PUBLIC`);
  }
  // Added once all copies exist; NOT VALID leaves the copied rows unchecked.
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

/** INSERTs that fill a copy with the table's rows that the transaction has not changed, and with its own rows. */
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
  /** The transaction's own rows in their current state, as SQL literals. */
  const images = changes.flatMap(({ row }) => (row === undefined ? [] : [literal(row)]));
  if (images.length > 0) {
    filled.push(
      `INSERT INTO ${copy} (${columns}) SELECT ${columns}
       FROM (SELECT (image::${source}).* FROM unnest(ARRAY[${images.join(", ")}]::text[]) AS image) AS images`,
    );
  }
  return filled;
}

/** A WHERE clause that excludes the rows that the transaction has changed or deleted: by primary key, or by ctid if there is none. */
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
  // OFFSET 0 keeps PostgreSQL from parsing a row's text again for each of its columns.
  return ` WHERE NOT EXISTS (
    SELECT FROM (SELECT image::${source} AS base FROM unnest(ARRAY[${rows}]::text[]) AS image OFFSET 0) AS b WHERE ${isSame})`;
}
