import type { Node } from "libpg-query";
import { stringOf } from "../sql/tree.ts";
import { DROPPABLE, RENAMABLE } from "./known-statements.ts";
import { type Rule, rule } from "./rule.ts";

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
    "AlterTableStmt",
    { rule: "alter-type", advice: enumAdvice, page: "unsupportedSql" },
    (s) => s.objtype === "OBJECT_TYPE" && "ALTER TYPE not supported",
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
      advice: "Leave CONCURRENTLY out; DROP INDEX does not block.",
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
      sqlstate: "42501",
      advice: "Use COPY … FROM STDIN or TO STDOUT, as psql's \\copy does.",
      page: "supportedSql",
    },
    (s) => {
      if (s.filename === undefined) return undefined;
      if (s.is_program) return "permission denied to COPY to or from an external program";
      return `permission denied to COPY ${s.is_from ? "from" : "to"} a file`;
    },
  ),
  rule(
    "DeallocateStmt",
    {
      rule: "deallocate",
      advice: "Close the prepared statement through the protocol, or use DEALLOCATE ALL.",
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
