import { identifier, literal, tableOid } from "../sql/quoting.ts";
import type { NodeBody } from "../sql/tree.ts";
import { actionOf, unsupportedAction } from "./alter-table-actions.ts";
import { type CatalogRule, catalogRule } from "./rule.ts";

type Command = NodeBody<"AlterTableCmd">;

/** An action, and the table that it changes. */
interface Subject {
  table: string;
  command: Command;
}

const commandsOf = (s: NodeBody<"AlterTableStmt">, action: string): Subject[] =>
  (s.cmds ?? [])
    .flatMap((item) => ("AlterTableCmd" in item ? [item.AlterTableCmd] : []))
    .filter((command) => actionOf(command) === action)
    .map((command) => ({ table: tableOid(s.relation ?? {}), command }));

const some = (list: Subject[]): Subject[] | undefined => (list.length > 0 ? list : undefined);

/** Rules on ALTER TABLE that need the catalog. */
export const alterTableCatalogRules: readonly CatalogRule[] = [
  catalogRule(
    "AlterTableStmt",
    {
      rule: "drop-primary-key-column",
      advice: "A primary key cannot be changed after CREATE TABLE.",
      page: "alterTable",
    },
    (s) => some(commandsOf(s, "DropColumn")),
    async (subjects, catalog) => {
      for (const { table, command } of subjects) {
        const rows = await catalog.query(
          `SELECT 1 FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid
           AND a.attnum = ANY (i.indkey[:i.indnkeyatts - 1])
           WHERE i.indrelid = ${table} AND i.indisprimary AND a.attname = ${literal(command.name ?? "")}`,
        );
        if (rows.length > 0) return `cannot drop primary key column ${command.name}`;
      }
      return undefined;
    },
  ),
  catalogRule(
    "AlterTableStmt",
    {
      rule: "drop-primary-key",
      advice: "A primary key cannot be changed after CREATE TABLE.",
      page: "alterTable",
    },
    (s) => some(commandsOf(s, "DropConstraint")),
    async (subjects, catalog) => {
      for (const { table, command } of subjects) {
        const rows = await catalog.query(
          `SELECT 1 FROM pg_catalog.pg_constraint
           WHERE conrelid = ${table} AND contype = 'p' AND conname = ${literal(command.name ?? "")}`,
        );
        if (rows.length > 0) return unsupportedAction(command, "");
      }
      return undefined;
    },
  ),
  catalogRule(
    "AlterTableStmt",
    {
      rule: "unique-using-index",
      sqlstate: "55000",
      advice: "CALL sys.wait_for_job first.",
      page: "asyncIndexes",
    },
    (s) => some(commandsOf(s, "AddConstraint")),
    async (subjects, catalog) => {
      for (const { table, command } of subjects) {
        const index =
          command.def && "Constraint" in command.def ? command.def.Constraint.indexname : undefined;
        if (index === undefined) continue;
        const rows = await catalog.query(
          `SELECT 1 FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
           WHERE i.indrelid = ${table} AND NOT i.indisvalid AND c.relname = ${literal(index)}`,
        );
        if (rows.length > 0) return `index ${identifier(index)} is not valid`;
      }
      return undefined;
    },
  ),
  catalogRule(
    "AlterTableStmt",
    { rule: "identity-column", advice: "Make the identity column bigint.", page: "identity" },
    (s) => some(commandsOf(s, "AddIdentity")),
    async (subjects, catalog) => {
      for (const { table, command } of subjects) {
        const [[type] = []] = await catalog.query(
          `SELECT pg_catalog.format_type(atttypid, NULL) FROM pg_catalog.pg_attribute
           WHERE attrelid = ${table} AND attname = ${literal(command.name ?? "")} AND NOT attisdropped`,
        );
        if (type && type !== "bigint")
          return `datatype ${type} not supported, identity column type must be bigint`;
      }
      return undefined;
    },
  ),
];
