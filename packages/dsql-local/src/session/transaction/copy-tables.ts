import { sandboxScript } from "../../conflicts/sandbox-script.ts";
import type { TableDefinition } from "../../conflicts/table-definition.ts";
import type { WriteSet } from "../../conflicts/write-set.ts";
import { literal } from "../../sql/quoting.ts";
import type { TableReference } from "../../statements/statement.ts";
import type { BackendResponse, BackendTurn } from "../exchange/backend-turn.ts";

/** Larger tables are not copied: the statement that would need the copy fails. */
const MAX_COPIED_BYTES = 64 * 1024 * 1024;
/** An INSERT into a larger table goes to the table itself, if it can: the time that a copy takes grows with the table. */
export const MIN_BYTES_IN_PLACE = 64 * 1024;

/** Creates the copies of these tables. */
export function copyTables(
  turn: BackendTurn,
  tables: readonly TableDefinition[],
  writes: WriteSet,
): Promise<BackendResponse> {
  const script = Buffer.from(sandboxScript(tables, writes.replaySteps())).toString("base64");
  const oids = `{${tables.map(({ table }) => table).join(",")}}`;
  return turn.call("dsql_local_sandbox", [script, oids, String(MAX_COPIED_BYTES)]);
}

/** A query for the oids and sizes in bytes of the tables that the names would refer to without the copies. */
export function tablesSql(targets: readonly TableReference[]): string {
  return targets.map(({ schema, name }) => tableWithoutCopies(schema, name)).join(" UNION ALL ");
}

function tableWithoutCopies(schema: string | undefined, name: string): string {
  const schemas =
    schema === undefined ? "pg_catalog.current_schemas(false)" : `ARRAY[${literal(schema)}]::name[]`;
  return `(SELECT c.oid, pg_catalog.pg_relation_size(c.oid)
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relname = ${literal(name)} AND c.relkind = 'r' AND n.nspname = ANY (${schemas})
    ORDER BY pg_catalog.array_position(${schemas}, n.nspname) LIMIT 1)`;
}
