import { AsyncJobFailedError } from "dsql-core";
import { type Kysely, type QueryResult, sql } from "kysely";

/** DSQL's job ids are UUIDs in base32. */
const JOB_ID = /^[a-z0-9]{26}$/i;

/** Runs one statement outside a transaction and returns its rows. */
export type RunStatement = (text: string) => Promise<readonly Record<string, unknown>[]>;

/**
 * Waits until an asynchronous job of DSQL has ended, such as the index build that `CREATE INDEX ASYNC` starts.
 * Takes the job's id, or the result of the statement that started it: `db.executeQuery(db.schema.createIndex(…))`. A
 * result without `job_id` (`if not exists` of an index that exists) leaves nothing to wait for.
 * Call it outside a transaction: DSQL refuses it inside one.
 * @throws AsyncJobFailedError when the job failed; a failed index stays behind, invalid, and must be dropped
 */
export async function waitForJob<DB>(db: Kysely<DB>, job: string | QueryResult<unknown>): Promise<void> {
  const jobId = typeof job === "string" ? job : jobIdOf(job.rows);
  if (jobId === undefined) return;
  await awaitJob(async (text) => (await sql.raw<Record<string, unknown>>(text).execute(db)).rows, jobId);
}

/** {@link waitForJob} over anything that runs a statement. */
export async function awaitJob(run: RunStatement, jobId: string): Promise<void> {
  // The procedure takes a literal, so what is put in is checked first.
  if (!JOB_ID.test(jobId)) throw new Error(`"${jobId}" is not the id of a DSQL job (26 letters and digits).`);
  const [answer] = await run(`call sys.wait_for_job('${jobId}')`);
  if (answer?.succeeded === true) return;
  const [job] = await run(`select object_name, details from sys.jobs where job_id = '${jobId}'`);
  throw new AsyncJobFailedError({
    jobId,
    objectName: textOf(job?.object_name),
    details: textOf(job?.details),
  });
}

/** The id in the row that a statement which starts a job answers with. */
export function jobIdOf(rows: readonly unknown[]): string | undefined {
  return textOf((rows[0] as { job_id?: unknown } | undefined)?.job_id);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
