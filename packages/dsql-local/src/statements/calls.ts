import type { Node } from "libpg-query";
import { SYNC_CREATE_INDEX_PARAMETER } from "../rules/parameters.ts";
import { identifier, literal, tableName } from "../sql/quoting.ts";
import { tokenize } from "../sql/tokenizer.ts";
import type { StatementContext } from "../sql/tree.ts";
import type { IamAction } from "./dsql-forms.ts";

/** A statement that runs as a call, with the command tag of what the client wrote. */
interface Call {
  text: string;
  commandTag: string;
}

/** CREATE INDEX ASYNC and ALTER TABLE ASYNC: one row with the id of the job that they submit. */
export function asyncCall(tree: Node, statement: StatementContext, text: string): Call | undefined {
  if ("IndexStmt" in tree && statement.form === "create-index-async") {
    const { relation, indexParams, unique } = tree.IndexStmt;
    const keys = (indexParams ?? []).flatMap((key) => ("IndexElem" in key && key.IndexElem.name) || []);
    const list = `ARRAY[${keys.map(literal).join(", ")}]::pg_catalog.text[]`;
    const argumentList = [
      literal(withoutUnique(text)),
      literal(tableName(relation ?? {})),
      list,
      unique === true,
    ];
    return {
      text: jobQuery(`dsql_local_create_index(${argumentList.join(", ")})`),
      commandTag: "CREATE INDEX",
    };
  }
  if ("AlterTableStmt" in tree && statement.form === "alter-table-async") {
    const { relation, cmds } = tree.AlterTableStmt;
    const command = cmds?.[0];
    const constraint = command && "AlterTableCmd" in command ? (command.AlterTableCmd.name ?? "") : "";
    const argumentList = `${literal(tableName(relation ?? {}))}, ${literal(constraint)}`;
    return { text: jobQuery(`dsql_local_validate_constraint(${argumentList})`), commandTag: "ALTER TABLE" };
  }
  return undefined;
}

/** AWS IAM GRANT and REVOKE. */
export function iamCall(action: IamAction): Call {
  const verb = action.kind === "iam-grant" ? "GRANT" : "REVOKE";
  const argumentList = [verb, action.role, action.arn].map(literal).join(", ");
  return { text: `CALL pg_catalog.dsql_local_iam(${argumentList})`, commandTag: `AWS IAM ${verb}` };
}

/** Parameters that PostgreSQL has under another name or not at all, and the value that DSQL shows if they are not set. */
const SHOWN: Record<string, { parameter: string; unset?: string }> = {
  server_version: { parameter: "server_version" },
  server_version_num: { parameter: "server_version_num" },
  client_min_messages: { parameter: "client_min_messages" },
  disable_sync_create_index: { parameter: SYNC_CREATE_INDEX_PARAMETER, unset: "on" },
  "dsql.enable_batched_nestloop": { parameter: "dsql.enable_batched_nestloop", unset: "on" },
};

const SHOW_ALL = `SELECT name, pg_catalog.current_setting(name, true) AS setting, short_desc AS description
  FROM pg_catalog.pg_settings`;

/** SHOW of a parameter that PostgreSQL would show differently. */
export function shownByQuery(tree: Node): Call | undefined {
  const name = "VariableShowStmt" in tree ? tree.VariableShowStmt.name?.toLowerCase() : undefined;
  if (name === "all") return { text: SHOW_ALL, commandTag: "SHOW" };
  const shown = name === undefined ? undefined : SHOWN[name];
  if (!name || !shown) return undefined;
  const setting = `pg_catalog.current_setting(${literal(shown.parameter)}, true)`;
  const value = shown.unset ? `coalesce(${setting}, ${literal(shown.unset)})` : setting;
  return { text: `SELECT ${value} AS ${identifier(name)}`, commandTag: "SHOW" };
}

function jobQuery(call: string): string {
  return `SELECT job_id FROM pg_catalog.${call} AS job_id`;
}

/** The index is created without checking existing rows; the job checks them. */
function withoutUnique(text: string): string {
  const [, second] = tokenize(text);
  return second?.text === "unique" ? text.slice(0, second.start) + text.slice(second.end) : text;
}
