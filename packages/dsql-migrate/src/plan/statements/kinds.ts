import type { Node } from "libpg-query";
import { iamGranted, iamRevoked, REPEATABLE } from "../done.ts";
import { type NodeBody, type NodeName, names, nodeName } from "../sql/tree.ts";
import type { Work } from "../work.ts";
import { alterTable } from "./alter-table.ts";
import { createTable } from "./create-table.ts";
import { alterEnum, createEnum } from "./enums.ts";
import { judgeExpressions } from "./expressions.ts";
import { createIndex } from "./indexes.ts";
import * as objects from "./objects.ts";
import { changeRows, copy, select } from "./rows.ts";
import { setting } from "./settings.ts";
import { transaction } from "./transactions.ts";

/** What becomes of a kind of statement. */
interface Kind {
  /** The statement as a person writes it. */
  sql: string;
  plan?: (work: Work, body: never) => void;
  /** For one that is always refused: what to do instead. */
  advice?: string;
}

const planned = <K extends NodeName>(sql: string, plan: (work: Work, body: NodeBody<K>) => void): Kind => ({
  sql,
  plan,
});
const refused = (sql: string, advice: string): Kind => ({ sql, advice });
const repeatable = (work: Work): undefined => {
  work.step({ kind: "ddl", done: REPEATABLE });
};

const LEAVE_OUT = "Remove the statement: DSQL has no counterpart.";
const TABLESPACES = "Remove the statement: DSQL manages storage itself.";
const FOREIGN = "Remove the statement: DSQL reads no other database. Copy the rows with the application.";
const TRIGGERS = "Do the work in the application's transaction.";
const REPLICATION = "Use a change data capture stream of DSQL.";
const SEARCH = "Search outside the database.";
const CURSOR = "Page by key in the application.";
const PREPARED = "Write the statement itself.";
const DATABASE = "A cluster has one database, postgres; use schemas.";

/** Every kind of statement that PostgreSQL 16's grammar has. docs/migrations-support.md is generated from this list. */
export const STATEMENT_KINDS: Readonly<Record<string, Kind>> = {
  SelectStmt: planned<"SelectStmt">("SELECT, VALUES, TABLE", select),
  InsertStmt: { sql: "INSERT", plan: (work) => changeRows(work, work.statement.tree as Node) },
  UpdateStmt: { sql: "UPDATE", plan: (work) => changeRows(work, work.statement.tree as Node) },
  DeleteStmt: { sql: "DELETE", plan: (work) => changeRows(work, work.statement.tree as Node) },
  MergeStmt: refused("MERGE", "Use INSERT … ON CONFLICT DO UPDATE."),
  CopyStmt: planned<"CopyStmt">("COPY", copy),
  TruncateStmt: refused("TRUNCATE", "DELETE in batches below 3,000 rows, or DROP TABLE and CREATE TABLE."),
  CreateStmt: planned<"CreateStmt">("CREATE TABLE", createTable),
  CreateTableAsStmt: refused(
    "CREATE TABLE AS, CREATE MATERIALIZED VIEW",
    "Create the table, then INSERT … SELECT; use a view in place of a materialized one.",
  ),
  AlterTableStmt: planned<"AlterTableStmt">("ALTER TABLE, VIEW, SEQUENCE (actions)", alterTable),
  IndexStmt: planned<"IndexStmt">("CREATE INDEX", createIndex),
  DropStmt: planned<"DropStmt">("DROP", objects.drop),
  RenameStmt: planned<"RenameStmt">("ALTER … RENAME", objects.rename),
  AlterObjectSchemaStmt: planned<"AlterObjectSchemaStmt">("ALTER … SET SCHEMA", objects.setSchema),
  AlterOwnerStmt: planned<"AlterOwnerStmt">("ALTER … OWNER TO", objects.owner),
  AlterObjectDependsStmt: refused("ALTER … DEPENDS ON EXTENSION", LEAVE_OUT),
  ViewStmt: planned<"ViewStmt">("CREATE VIEW", objects.createView),
  RefreshMatViewStmt: refused(
    "REFRESH MATERIALIZED VIEW",
    "Use a view, or a table that the application fills.",
  ),
  CreateSchemaStmt: planned<"CreateSchemaStmt">("CREATE SCHEMA", objects.createSchema),
  CreateSeqStmt: planned<"CreateSeqStmt">("CREATE SEQUENCE", objects.createSequence),
  AlterSeqStmt: planned<"AlterSeqStmt">("ALTER SEQUENCE", objects.alterSequence),
  CreateDomainStmt: planned<"CreateDomainStmt">("CREATE DOMAIN", objects.createDomain),
  AlterDomainStmt: planned<"AlterDomainStmt">("ALTER DOMAIN", objects.alterDomain),
  CreateEnumStmt: planned<"CreateEnumStmt">("CREATE TYPE … AS ENUM", createEnum),
  AlterEnumStmt: planned<"AlterEnumStmt">("ALTER TYPE … ADD VALUE, RENAME VALUE", alterEnum),
  CompositeTypeStmt: refused("CREATE TYPE … AS (…)", "Use separate columns, or jsonb."),
  CreateRangeStmt: refused("CREATE TYPE … AS RANGE", "Use two columns, for the lower and the upper bound."),
  DefineStmt: refused("CREATE AGGREGATE, OPERATOR, TYPE, COLLATION, TEXT SEARCH …", LEAVE_OUT),
  AlterTypeStmt: refused("ALTER TYPE … SET", LEAVE_OUT),
  CreateFunctionStmt: planned<"CreateFunctionStmt">("CREATE FUNCTION, PROCEDURE", objects.createFunction),
  AlterFunctionStmt: {
    sql: "ALTER FUNCTION",
    plan: (work, body: NodeBody<"AlterFunctionStmt">) =>
      body.objtype === "OBJECT_PROCEDURE"
        ? work.refuse("function-language", "DSQL does not have procedures.")
        : repeatable(work),
  },
  CallStmt: { sql: "CALL", plan: call },
  DoStmt: refused("DO", "Write the statements one by one, or do the work in the application."),
  CreateRoleStmt: planned<"CreateRoleStmt">("CREATE ROLE, USER, GROUP", objects.createRole),
  AlterRoleStmt: planned<"AlterRoleStmt">("ALTER ROLE", objects.alterRole),
  AlterRoleSetStmt: refused("ALTER ROLE … SET", "Set it on the connection."),
  DropRoleStmt: planned<"DropRoleStmt">("DROP ROLE", objects.dropRole),
  DropOwnedStmt: refused("DROP OWNED", "Drop each object, and revoke each privilege."),
  ReassignOwnedStmt: refused("REASSIGN OWNED", "Use ALTER … OWNER TO for each object."),
  GrantStmt: planned<"GrantStmt">("GRANT, REVOKE on objects", objects.grant),
  GrantRoleStmt: { sql: "GRANT, REVOKE of roles", plan: repeatable },
  AlterDefaultPrivilegesStmt: { sql: "ALTER DEFAULT PRIVILEGES", plan: repeatable },
  CommentStmt: planned<"CommentStmt">("COMMENT", objects.comment),
  SecLabelStmt: refused("SECURITY LABEL", LEAVE_OUT),
  CreateStatsStmt: planned<"CreateStatsStmt">("CREATE STATISTICS", objects.createStatistics),
  AlterStatsStmt: planned<"AlterStatsStmt">("ALTER STATISTICS", objects.alterStatistics),
  TransactionStmt: planned<"TransactionStmt">("BEGIN, COMMIT, ROLLBACK, SAVEPOINT", transaction),
  VariableSetStmt: planned<"VariableSetStmt">("SET, RESET", setting),
  VariableShowStmt: {
    sql: "SHOW",
    plan: (work) => work.leaveOut("session-setting", "SHOW changes nothing."),
  },
  ConstraintsSetStmt: refused(
    "SET CONSTRAINTS",
    "Order the statements so that each satisfies the constraints: each is its own transaction.",
  ),
  ExplainStmt: { sql: "EXPLAIN", plan: explain },
  VacuumStmt: { sql: "VACUUM, ANALYZE", plan: vacuum },
  ClusterStmt: refused("CLUSTER", TABLESPACES),
  ReindexStmt: refused("REINDEX", "Drop the index and create it again, if it is invalid."),
  CheckPointStmt: refused("CHECKPOINT", TABLESPACES),
  LockStmt: refused("LOCK", "DSQL takes no locks: SELECT … FOR UPDATE, and retry on 40001."),
  PrepareStmt: refused("PREPARE", PREPARED),
  ExecuteStmt: refused("EXECUTE", PREPARED),
  DeallocateStmt: {
    sql: "DEALLOCATE",
    plan: (work) =>
      work.leaveOut("session-setting", "Steps do not share a session with prepared statements."),
  },
  DiscardStmt: {
    sql: "DISCARD",
    plan: (work) => work.leaveOut("session-setting", "Steps do not share a session."),
  },
  DeclareCursorStmt: refused("DECLARE CURSOR", CURSOR),
  FetchStmt: refused("FETCH, MOVE", CURSOR),
  ClosePortalStmt: refused("CLOSE", CURSOR),
  ListenStmt: refused("LISTEN", "Poll a table, or use a change data capture stream."),
  NotifyStmt: refused("NOTIFY", "Write a row to a table, or use a change data capture stream."),
  UnlistenStmt: refused("UNLISTEN", LEAVE_OUT),
  LoadStmt: refused("LOAD", LEAVE_OUT),
  CreateTrigStmt: refused("CREATE TRIGGER", TRIGGERS),
  CreateEventTrigStmt: refused("CREATE EVENT TRIGGER", TRIGGERS),
  AlterEventTrigStmt: refused("ALTER EVENT TRIGGER", TRIGGERS),
  RuleStmt: refused("CREATE RULE", TRIGGERS),
  CreatePolicyStmt: refused("CREATE POLICY", "Grant on schemas and tables, or filter in a view."),
  AlterPolicyStmt: refused("ALTER POLICY", "Grant on schemas and tables, or filter in a view."),
  CreateExtensionStmt: planned<"CreateExtensionStmt">("CREATE EXTENSION", objects.createExtension),
  AlterExtensionStmt: refused("ALTER EXTENSION", LEAVE_OUT),
  AlterExtensionContentsStmt: refused("ALTER EXTENSION … ADD, DROP", LEAVE_OUT),
  CreatedbStmt: refused("CREATE DATABASE", DATABASE),
  DropdbStmt: refused("DROP DATABASE", DATABASE),
  AlterDatabaseStmt: refused("ALTER DATABASE", DATABASE),
  AlterDatabaseSetStmt: refused("ALTER DATABASE … SET", DATABASE),
  AlterDatabaseRefreshCollStmt: refused("ALTER DATABASE … REFRESH COLLATION VERSION", DATABASE),
  AlterSystemStmt: refused("ALTER SYSTEM", "Remove the statement: DSQL manages its own settings."),
  CreateTableSpaceStmt: refused("CREATE TABLESPACE", TABLESPACES),
  DropTableSpaceStmt: refused("DROP TABLESPACE", TABLESPACES),
  AlterTableSpaceOptionsStmt: refused("ALTER TABLESPACE", TABLESPACES),
  AlterTableMoveAllStmt: refused("ALTER TABLE ALL IN TABLESPACE", TABLESPACES),
  CreateFdwStmt: refused("CREATE FOREIGN DATA WRAPPER", FOREIGN),
  AlterFdwStmt: refused("ALTER FOREIGN DATA WRAPPER", FOREIGN),
  CreateForeignServerStmt: refused("CREATE SERVER", FOREIGN),
  AlterForeignServerStmt: refused("ALTER SERVER", FOREIGN),
  CreateForeignTableStmt: refused("CREATE FOREIGN TABLE", FOREIGN),
  CreateUserMappingStmt: refused("CREATE USER MAPPING", FOREIGN),
  AlterUserMappingStmt: refused("ALTER USER MAPPING", FOREIGN),
  DropUserMappingStmt: refused("DROP USER MAPPING", FOREIGN),
  ImportForeignSchemaStmt: refused("IMPORT FOREIGN SCHEMA", FOREIGN),
  CreateAmStmt: refused("CREATE ACCESS METHOD", LEAVE_OUT),
  CreatePLangStmt: refused("CREATE LANGUAGE", "Write functions in LANGUAGE sql."),
  CreateOpClassStmt: refused("CREATE OPERATOR CLASS", LEAVE_OUT),
  CreateOpFamilyStmt: refused("CREATE OPERATOR FAMILY", LEAVE_OUT),
  AlterOpFamilyStmt: refused("ALTER OPERATOR FAMILY", LEAVE_OUT),
  AlterOperatorStmt: refused("ALTER OPERATOR", LEAVE_OUT),
  CreateConversionStmt: refused("CREATE CONVERSION", LEAVE_OUT),
  CreateCastStmt: refused("CREATE CAST", LEAVE_OUT),
  CreateTransformStmt: refused("CREATE TRANSFORM", LEAVE_OUT),
  AlterCollationStmt: refused("ALTER COLLATION", LEAVE_OUT),
  AlterTSDictionaryStmt: refused("ALTER TEXT SEARCH DICTIONARY", SEARCH),
  AlterTSConfigurationStmt: refused("ALTER TEXT SEARCH CONFIGURATION", SEARCH),
  CreatePublicationStmt: refused("CREATE PUBLICATION", REPLICATION),
  AlterPublicationStmt: refused("ALTER PUBLICATION", REPLICATION),
  CreateSubscriptionStmt: refused("CREATE SUBSCRIPTION", REPLICATION),
  AlterSubscriptionStmt: refused("ALTER SUBSCRIPTION", REPLICATION),
  DropSubscriptionStmt: refused("DROP SUBSCRIPTION", REPLICATION),
};

/** Plans one statement. */
export function planStatement(work: Work): undefined {
  const { tree } = work.statement;
  if (!tree) return planExtra(work);
  const name = nodeName(tree);
  const kind = STATEMENT_KINDS[name];
  if (!kind?.plan)
    return work.refuse("unsupported-statement", `DSQL does not have ${kind?.sql ?? name}.`, {
      advice: kind?.advice ?? LEAVE_OUT,
    });
  judgeExpressions(work, tree);
  kind.plan(work, (tree as unknown as Record<string, never>)[name] as never);
}

function planExtra(work: Work): undefined {
  const { extra } = work.statement;
  if (extra?.kind === "iam") {
    const { verb, role, arn } = extra;
    work.step({ kind: "ddl", done: verb === "GRANT" ? iamGranted(role, arn) : iamRevoked(role, arn) });
  } else if (extra?.kind === "psql-command") {
    if (/^\\(?:un)?restrict$/.test(extra.name))
      work.leaveOut("psql-restrict", `${extra.name} only concerns psql.`);
    else work.refuse("psql-command", `${extra.name} is a command of psql.`);
  }
}

function call(work: Work, statement: NodeBody<"CallStmt">): undefined {
  if (names(statement.funccall?.funcname).join(".") === "sys.wait_for_job")
    return work.leaveOut("index-async", "Each step waits for its job anyway.");
  work.refuse("unsupported-statement", "DSQL does not have procedures.", {
    advice: "Run the statements of the procedure one by one.",
  });
}

function explain(work: Work, statement: NodeBody<"ExplainStmt">): undefined {
  const query = statement.query ? nodeName(statement.query) : "";
  if (!["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt"].includes(query))
    return work.refuse("unsupported-statement", "DSQL explains only queries and changes of rows.", {
      advice: "Remove the statement.",
    });
  work.leaveOut("session-setting", "EXPLAIN changes nothing that a migration needs.");
}

function vacuum(work: Work, statement: NodeBody<"VacuumStmt">): undefined {
  if (statement.is_vacuumcmd) return work.leaveOut("vacuum", "DSQL has nothing to vacuum.");
  repeatable(work);
}
