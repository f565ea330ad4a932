import type { WriteSet } from "../conflicts/write-set.ts";
import type { TableReference } from "../sql/statement.ts";

/** Tables above it are not copied: a transaction that would need to is refused at its statement. */
const MAX_COPIED_BYTES = 64 * 1024 * 1024;

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Copies the named tables, those that were written before, and those that foreign keys tie to them. */
export function sandboxSql(targets: readonly TableReference[], writes: WriteSet): string {
  const named = targets.map(({ schema, name }) => tableOid(schema, name));
  const tables = `array_remove(ARRAY[${[...writes.tables.map(String), ...named].join(", ")}]::oid[], NULL)`;
  const changes = literal(JSON.stringify(writes.replaySteps()));
  return `SELECT pg_catalog.dsql_local_sandbox(${tables}, ${changes}::jsonb, ${writes.changedRows}, ${MAX_COPIED_BYTES})`;
}

/** The table that a name means, were there no copies. */
function tableOid(schema: string | undefined, name: string): string {
  const schemas =
    schema === undefined ? "pg_catalog.current_schemas(false)" : `ARRAY[${literal(schema)}]::name[]`;
  return `(SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relname = ${literal(name)} AND c.relkind = 'r' AND n.nspname = ANY (${schemas})
    ORDER BY pg_catalog.array_position(${schemas}, n.nspname) LIMIT 1)`;
}
