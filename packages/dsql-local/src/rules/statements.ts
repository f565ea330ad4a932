import type { Node } from "libpg-query";
import { namesOf, stringOf } from "../sql/tree.ts";
import { type Rule, type RuleInfo, rule } from "./rule.ts";

/** Statements that DSQL has, by their node type. Every other one is `unsupported statement: <node type>`. */
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

const DROPPABLE = new Set([
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
const RENAMABLE = new Set([
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

/** What to write in place of a statement that DSQL has not. */
const INSTEAD: Record<string, string> = {
  TruncateStmt: "Use DELETE FROM in batches of at most 3,000 rows, or DROP TABLE and CREATE TABLE.",
  CreateExtensionStmt: "DSQL has no extensions; gen_random_uuid() is built in.",
  CreatedbStmt: "A cluster has one database, postgres; use schemas.",
  CreateTableAsStmt: "Create the table, then INSERT … SELECT; use a view in place of a materialized view.",
  DoStmt: "Run the statements one by one from the application.",
  LockStmt: "DSQL takes no locks; use SELECT … FOR UPDATE and retry on 40001.",
  DeclareCursorStmt: "Use a portal with a row limit (pg-cursor), or keyset pagination.",
  ListenStmt: "Poll a table, or use a change data capture stream.",
  NotifyStmt: "Write a row to a table, or use a change data capture stream.",
  CreatePolicyStmt: "Grant on schemas and tables, or filter in a view.",
  PrepareStmt: "Use a prepared statement of the protocol.",
  DiscardStmt: "Open a new connection, or RESET single parameters.",
};

function unsupported(name: string): RuleInfo {
  return {
    rule: "unsupported-statement",
    advice: INSTEAD[name] ?? "Leave the statement out; DSQL has no counterpart.",
    page: "unsupportedSql",
  };
}

/** The refusal of a statement that is not among {@link KNOWN_STATEMENTS}. */
export function unsupportedStatement(name: string): { info: RuleInfo; message: string } {
  return { info: unsupported(name), message: `unsupported statement: ${name.replace(/Stmt$/, "")}` };
}

const enumAdvice = "Use text with a CHECK constraint, or a domain over text with a CHECK.";

/** Rules on whole statements, apart from tables, indexes, sequences and transactions. */
export const statementRules: readonly Rule[] = [
  rule(
    "CreateTrigStmt",
    { rule: "trigger", advice: "Do the work in the application's transaction.", page: "unsupportedSql" },
    () => "CREATE TRIGGER not supported",
  ),
  rule(
    "CreateEnumStmt",
    { rule: "enum-type", advice: enumAdvice, page: "unsupportedSql" },
    () => "CREATE TYPE not supported",
  ),
  rule(
    "AlterEnumStmt",
    { rule: "enum-type", advice: enumAdvice, page: "unsupportedSql" },
    () => "ALTER TYPE not supported",
  ),
  rule(
    "AlterTypeStmt",
    { rule: "alter-type", advice: enumAdvice, page: "unsupportedSql" },
    () => "ALTER TYPE not supported",
  ),
  rule(
    "MergeStmt",
    { rule: "merge", advice: "Use INSERT … ON CONFLICT DO UPDATE.", page: "supportedSql" },
    () => "unsupported statement type: MERGE",
  ),
  rule(
    "VacuumStmt",
    {
      rule: "vacuum",
      advice: "Leave it out; DSQL has nothing to vacuum. ANALYZE works.",
      page: "unsupportedSql",
    },
    (s) => s.is_vacuumcmd && "unsupported VACUUM statement",
  ),
  rule(
    "DropStmt",
    {
      rule: "drop-object",
      advice: "DSQL drops tables, views, indexes, sequences, schemas, functions and domains.",
      page: "supportedSql",
    },
    (s) =>
      !DROPPABLE.has((s.removeType ?? "").replace("OBJECT_", "")) && "unsupported object in DROP statement",
  ),
  rule(
    "DropStmt",
    {
      rule: "drop-concurrently",
      advice: "Leave CONCURRENTLY out; DROP INDEX waits for nobody.",
      page: "asyncIndexes",
    },
    (s) => s.concurrent && "DROP INDEX CONCURRENTLY must be first action in transaction",
  ),
  rule(
    "RenameStmt",
    {
      rule: "rename-object",
      advice:
        "DSQL renames tables, columns, constraints, indexes, views, sequences, domains, schemas and roles.",
      page: "supportedSql",
    },
    (s) =>
      !RENAMABLE.has((s.renameType ?? "").replace("OBJECT_", "")) && "unsupported object in RENAME statement",
  ),
  rule(
    "CreateFunctionStmt",
    { rule: "procedure", advice: "Use a function in LANGUAGE sql.", page: "supportedSql" },
    (s) => s.is_procedure && "PROCEDURE is not supported",
  ),
  rule(
    "CreateFunctionStmt",
    { rule: "function-language", advice: "Write the function in LANGUAGE sql.", page: "supportedSql" },
    (s) => {
      const language = languageOf(s.options);
      return (
        language !== undefined &&
        language !== "sql" &&
        `CREATE FUNCTION with language ${language} not supported`
      );
    },
  ),
  rule(
    "CopyStmt",
    {
      rule: "copy-file",
      advice: "Use COPY … FROM STDIN or TO STDOUT; psql's \\copy does.",
      page: "supportedSql",
    },
    (s) => {
      const target = s.is_program ? "PROGRAM" : "file";
      return s.filename !== undefined && `COPY ${s.is_from ? "FROM" : "TO"} ${target} not supported`;
    },
  ),
  rule(
    "DeallocateStmt",
    {
      rule: "deallocate",
      advice: "Close the prepared statement by the protocol, or use DEALLOCATE ALL.",
      page: "supportedSql",
    },
    (s) => s.name !== undefined && "unsupported statement: Deallocate",
  ),
  rule(
    "AlterRoleStmt",
    { rule: "role-password", advice: "Roles log in with IAM tokens; use AWS IAM GRANT.", page: "roles" },
    (s) => passwordGiven(s.options) && "PASSWORD option is not supported for ALTER ROLE",
  ),
  rule(
    "CreateRoleStmt",
    { rule: "role-password", advice: "Roles log in with IAM tokens; use AWS IAM GRANT.", page: "roles" },
    (s) => passwordGiven(s.options) && "PASSWORD option is not supported for CREATE ROLE",
  ),
];

function languageOf(options: readonly Node[] | undefined): string | undefined {
  for (const option of options ?? []) {
    if ("DefElem" in option && option.DefElem.defname === "language")
      return stringOf(option.DefElem.arg).toLowerCase();
  }
  return undefined;
}

function passwordGiven(options: readonly Node[] | undefined): boolean {
  return (options ?? []).some(
    (option) =>
      "DefElem" in option && option.DefElem.defname === "password" && option.DefElem.arg !== undefined,
  );
}

/** A name as it is written in messages: `schema.name`. */
export function dotted(nodes: readonly Node[] | undefined): string {
  return namesOf(nodes).join(".");
}
