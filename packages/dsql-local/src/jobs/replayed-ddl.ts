import { literal } from "../sql/quoting.ts";
import type { Statement } from "../statements/statement.ts";

/** If it is set, the functions that submit a job give the job this id instead of a new one. */
export const JOB_ID_PARAMETER = "dsql_local.job_id";

/**
 * SQL that runs a DDL statement again in the same transaction, after a ROLLBACK TO SAVEPOINT has undone it. A job that it
 * submits keeps its id, which the client has received.
 * @param rows what the statement returned: one row with the id if it was ASYNC, otherwise nothing
 */
export function replayedDdl(statement: Statement, rows: readonly (readonly (string | null)[])[]): string {
  // Statements that run as a call of a function have a command tag; of these the ASYNC ones return an id.
  const jobId = statement.commandTag === undefined ? undefined : rows[0]?.[0];
  if (!jobId) return statement.text;
  return `SET LOCAL ${JOB_ID_PARAMETER} = ${literal(jobId)}; ${statement.text}`;
}
