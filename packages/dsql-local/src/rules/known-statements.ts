import type { RuleInfo } from "./rule.ts";

/** Statements that DSQL supports, by their node type. Every other one is `unsupported statement: <node type>`. */
export const KNOWN_STATEMENTS: ReadonlySet<string> = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "CopyStmt",
  "CreateStmt",
  "AlterTableStmt",
  "IndexStmt",
  "DropStmt",
  "RenameStmt",
  "ViewStmt",
  "CreateSeqStmt",
  "AlterSeqStmt",
  "CreateSchemaStmt",
  "CreateDomainStmt",
  "AlterDomainStmt",
  "CreateFunctionStmt",
  "AlterFunctionStmt",
  "CreateRoleStmt",
  "AlterRoleStmt",
  "AlterRoleSetStmt",
  "DropRoleStmt",
  "GrantStmt",
  "GrantRoleStmt",
  "AlterDefaultPrivilegesStmt",
  "CommentStmt",
  "CreateStatsStmt",
  "AlterStatsStmt",
  "AlterObjectSchemaStmt",
  "AlterOwnerStmt",
  "TransactionStmt",
  "VariableSetStmt",
  "VariableShowStmt",
  "ConstraintsSetStmt",
  "ExplainStmt",
  "CallStmt",
  "VacuumStmt",
  "DeallocateStmt",
]);

/** Types of objects that DROP accepts. */
export const DROPPABLE = new Set([
  "TABLE",
  "VIEW",
  "INDEX",
  "SEQUENCE",
  "SCHEMA",
  "FUNCTION",
  "ROUTINE",
  "DOMAIN",
  "STATISTIC_EXT",
]);
/** Types of objects that RENAME accepts. */
export const RENAMABLE = new Set([
  ...[
    "TABLE",
    "COLUMN",
    "TABCONSTRAINT",
    "INDEX",
    "VIEW",
    "SEQUENCE",
    "DOMAIN",
    "DOMCONSTRAINT",
    "SCHEMA",
    "ROLE",
  ],
  ...["FUNCTION", "ROUTINE", "STATISTIC_EXT"],
]);

/** What to write instead of a statement that DSQL does not support. */
const INSTEAD: Record<string, string> = {
  TruncateStmt: "Use DELETE FROM in batches of at most 3,000 rows, or DROP TABLE and CREATE TABLE.",
  CreateExtensionStmt: "DSQL has no extensions; gen_random_uuid() is built in.",
  CreatedbStmt: "A cluster has one database, postgres; use schemas.",
  CreateTableAsStmt: "Create the table, then INSERT … SELECT; use a view instead of a materialized view.",
  DoStmt: "Run the statements one by one from the application.",
  LockStmt: "DSQL takes no locks; use SELECT … FOR UPDATE and retry on 40001.",
  DeclareCursorStmt: "Use a portal with a row limit (pg-cursor), or keyset pagination.",
  ListenStmt: "Poll a table, or use a change data capture stream.",
  NotifyStmt: "Write a row to a table, or use a change data capture stream.",
  CreatePolicyStmt: "Grant on schemas and tables, or filter in a view.",
  PrepareStmt: "Prepare the statement through the protocol, as drivers do.",
  DiscardStmt: "Open a new connection, or RESET individual parameters.",
};

function unsupported(name: string): RuleInfo {
  return {
    rule: "unsupported-statement",
    advice: INSTEAD[name] ?? "Leave the statement out; DSQL has no equivalent.",
    page: "unsupportedSql",
  };
}

/** The refusal of a statement that is not among {@link KNOWN_STATEMENTS}. */
export function unsupportedStatement(name: string): { info: RuleInfo; message: string } {
  return { info: unsupported(name), message: `unsupported statement: ${name.replace(/Stmt$/, "")}` };
}
