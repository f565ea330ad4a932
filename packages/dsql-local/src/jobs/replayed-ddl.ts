import { literal } from "../sql/quoting.ts";
import type { Statement } from "../statements/statement.ts";

/** The parameter by which a job keeps the id that the client has received already. */
export const JOB_ID_PARAMETER = "dsql_local.job_id";

/** SQL that replays a DDL statement in the same transaction, after PostgreSQL has undone it. */
export function replayedDdl(statement: Statement, rows: readonly (readonly (string | null)[])[]): string {
  const jobId = statement.commandTag === undefined ? undefined : rows[0]?.[0];
  if (!jobId) return statement.text;
  return `SET LOCAL ${JOB_ID_PARAMETER} = ${literal(jobId)}; ${statement.text}`;
}
