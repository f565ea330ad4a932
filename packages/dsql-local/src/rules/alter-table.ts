import type { NodeBody } from "../sql/tree.ts";
import { constraintsOf, identityCacheObjection } from "./columns.ts";
import { identifier, literal, tableOid } from "./quoting.ts";
import { type CatalogRule, catalogRule, type Rule, type RuleInfo, rule } from "./rule.ts";

type Command = NodeBody<"AlterTableCmd">;

/** Actions that DSQL has, by PostgreSQL's name of them without AT_. */
const KNOWN_ACTIONS = new Set([
  ...[
    "AddColumn",
    "DropColumn",
    "ColumnDefault",
    "DropNotNull",
    "DropExpression",
    "AddIdentity",
    "SetIdentity",
  ],
  ...["DropIdentity", "SetStorage", "AddConstraint", "DropConstraint", "AlterConstraint", "ChangeOwner"],
]);

/** How PostgreSQL names an action, where that is not the words of its node type. */
const ACTION_NAMES: Record<string, string> = {
  SetNotNull: "ALTER COLUMN ... SET NOT NULL",
  AlterColumnType: "ALTER COLUMN ... SET DATA TYPE",
  SetStatistics: "ALTER COLUMN ... SET STATISTICS",
  SetCompression: "ALTER COLUMN ... SET COMPRESSION",
  SetOptions: "ALTER COLUMN ... SET",
  ResetOptions: "ALTER COLUMN ... RESET",
  AlterColumnGenericOptions: "ALTER COLUMN ... OPTIONS",
  SetRelOptions: "SET",
  ResetRelOptions: "RESET",
  ReplaceRelOptions: "RESET",
  DropOids: "SET WITHOUT OIDS",
  DropCluster: "SET WITHOUT CLUSTER",
  SetUnLogged: "SET UNLOGGED",
  SetLogged: "SET LOGGED",
  SetTableSpace: "SET TABLESPACE",
  AddInherit: "INHERIT",
  DropInherit: "NO INHERIT",
  AddOf: "OF",
  DropOf: "NOT OF",
  GenericOptions: "OPTIONS",
  EnableTrig: "ENABLE TRIGGER",
  EnableAlwaysTrig: "ENABLE ALWAYS TRIGGER",
  EnableReplicaTrig: "ENABLE REPLICA TRIGGER",
  DisableTrig: "DISABLE TRIGGER",
  EnableTrigAll: "ENABLE TRIGGER ALL",
  DisableTrigAll: "DISABLE TRIGGER ALL",
  EnableTrigUser: "ENABLE TRIGGER USER",
  DisableTrigUser: "DISABLE TRIGGER USER",
};

const INSTEAD: Record<string, string> = {
  SetNotNull: "Add CHECK (c IS NOT NULL) NOT VALID, then ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
  AlterColumnType: "Add a column of the new type, copy the values in batches, drop the old one and rename.",
  AddConstraint:
    "Add CHECK and FOREIGN KEY with NOT VALID, then ALTER TABLE ASYNC … VALIDATE; UNIQUE with USING INDEX of a valid unique index; the primary key with CREATE TABLE.",
  ValidateConstraint: "Use ALTER TABLE ASYNC … VALIDATE CONSTRAINT.",
};

const info = (action: string): RuleInfo => ({
  rule: "alter-table-action",
  advice: INSTEAD[action] ?? "Leave it out, or make a new table and copy the rows.",
  page: "alterTable",
});

const unsupported = (command: Command): string => {
  const action = actionOf(command);
  const words = ACTION_NAMES[action] ?? action.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toUpperCase();
  return `unsupported ALTER TABLE ${words} statement`;
};

/** Rules on the actions of ALTER TABLE. */
export const alterTableRules: readonly Rule[] = [
  ...["SetNotNull", "AlterColumnType"].map((action) =>
    rule("AlterTableCmd", info(action), (command) => actionOf(command) === action && unsupported(command)),
  ),
  rule("AlterTableCmd", info("ValidateConstraint"), (command, { statement }) => {
    const isAsync = statement.form === "alter-table-async";
    return actionOf(command) === "ValidateConstraint" && !isAsync && unsupported(command);
  }),
  rule("AlterTableCmd", info(""), (command) => {
    const action = actionOf(command);
    return !KNOWN_ACTIONS.has(action) && action !== "ValidateConstraint" && unsupported(command);
  }),
  rule("AlterTableCmd", info("AddConstraint"), (command) => {
    const constraint = command.def && "Constraint" in command.def ? command.def.Constraint : undefined;
    return (
      actionOf(command) === "AddConstraint" && constraint && !isAddable(constraint) && unsupported(command)
    );
  }),
  rule(
    "AlterTableCmd",
    {
      rule: "add-column-constraint",
      advice:
        "Add the bare column, then SET DEFAULT and ADD CONSTRAINT … NOT VALID in statements of their own.",
      page: "alterTable",
    },
    (command) => {
      if (actionOf(command) !== "AddColumn" || !command.def || !("ColumnDef" in command.def))
        return undefined;
      const constrained = constraintsOf(command.def.ColumnDef).some(
        ({ contype }) => contype !== "CONSTR_NULL",
      );
      return constrained && "ALTER TABLE ADD COLUMN with constraint not supported";
    },
  ),
  rule(
    "AlterTableCmd",
    {
      rule: "identity-column",
      advice: "Write ADD GENERATED … AS IDENTITY (CACHE 1), or CACHE 65536.",
      page: "identity",
    },
    (command) => {
      const constraint = command.def && "Constraint" in command.def ? command.def.Constraint : undefined;
      return actionOf(command) === "AddIdentity" && identityCacheObjection(constraint?.options);
    },
  ),
  rule(
    "AlterDomainStmt",
    {
      rule: "alter-domain",
      advice: "Make a new domain, or a CHECK constraint on the table.",
      page: "supportedSql",
    },
    (s) => {
      if (s.subtype === "C") return "unsupported ALTER DOMAIN ADD CONSTRAINT statement";
      return s.subtype === "O" && "unsupported ALTER DOMAIN SET NOT NULL statement";
    },
  ),
];

function actionOf(command: Command): string {
  return (command.subtype ?? "").replace(/^AT_/, "");
}

function isAddable(constraint: NodeBody<"Constraint">): boolean {
  if (constraint.contype === "CONSTR_UNIQUE") return constraint.indexname !== undefined;
  const isCheckOrForeign = constraint.contype === "CONSTR_CHECK" || constraint.contype === "CONSTR_FOREIGN";
  return isCheckOrForeign && constraint.skip_validation === true;
}

/** An action, and the table that it is done to. */
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
      advice: "The primary key is fixed when the table is made.",
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
      advice: "The primary key is fixed when the table is made.",
      page: "alterTable",
    },
    (s) => some(commandsOf(s, "DropConstraint")),
    async (subjects, catalog) => {
      for (const { table, command } of subjects) {
        const rows = await catalog.query(
          `SELECT 1 FROM pg_catalog.pg_constraint
           WHERE conrelid = ${table} AND contype = 'p' AND conname = ${literal(command.name ?? "")}`,
        );
        if (rows.length > 0) return unsupported(command);
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
    { rule: "identity-column", advice: "An identity column is bigint.", page: "identity" },
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
