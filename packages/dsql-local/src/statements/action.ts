import type { Node } from "libpg-query";
import { tableName } from "../sql/quoting.ts";
import { constantOf, namesOf, type StatementContext } from "../sql/tree.ts";
import type { StatementAction } from "./statement.ts";

/** What the endpoint itself does for a statement of PostgreSQL's grammar. */
export function actionOf(tree: Node, statement: StatementContext): StatementAction | undefined {
  if ("IndexStmt" in tree && statement.form === "create-index-async") return { kind: "create-index-async" };
  if ("AlterTableStmt" in tree && statement.form === "alter-table-async") {
    const [command] = tree.AlterTableStmt.cmds ?? [];
    const constraint = command && "AlterTableCmd" in command ? (command.AlterTableCmd.name ?? "") : "";
    return {
      kind: "validate-constraint-async",
      table: tableName(tree.AlterTableStmt.relation ?? {}),
      constraint,
    };
  }
  if ("CallStmt" in tree && namesOf(tree.CallStmt.funccall?.funcname).join(".") === "sys.wait_for_job") {
    const jobId = constantOf(tree.CallStmt.funccall?.args?.[0]);
    return { kind: "wait-for-job", ...(jobId !== undefined && { jobId }) };
  }
  return undefined;
}
