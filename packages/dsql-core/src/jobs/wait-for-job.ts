import { AsyncJobFailedError, DsqlConfigError } from "../errors.ts";

/** DSQL's job ids are UUIDs in base32. */
const JOB_ID = /^[a-z0-9]{26}$/i;

/** Sends single statements outside a transaction: a DsqlPool, a client, or an ORM's own way to send SQL. */
export interface JobClient {
  query(text: string): Promise<{ rows: readonly unknown[] }>;
}

/** The id of an asynchronous job, or the result of the statement that started it, such as `CREATE INDEX ASYNC`. */
export type AsyncJob = string | { rows: readonly unknown[] };

/**
 * Waits until an asynchronous job has ended. A result without rows (`CREATE INDEX ASYNC IF NOT EXISTS` of an index that
 * exists) leaves nothing to wait for. It must not be called inside a transaction: DSQL refuses it there.
 * Source: Aurora DSQL user guide, "Asynchronous indexes".
 * @throws AsyncJobFailedError when the job failed; a failed index stays behind, invalid, and must be dropped
 * @throws DsqlConfigError for a value that is neither the id of a job nor a result that contains one
 */
export async function waitForJob(client: JobClient, job: AsyncJob): Promise<void> {
  const jobId = jobIdOf(job);
  if (jobId === undefined) return;
  const { rows: outcome } = await client.query(`CALL sys.wait_for_job('${jobId}')`);
  if ((outcome[0] as { succeeded?: unknown } | undefined)?.succeeded === true) return;
  const { rows } = await client.query(`SELECT object_name, details FROM sys.jobs WHERE job_id = '${jobId}'`);
  const { object_name, details } = (rows[0] ?? {}) as { object_name?: unknown; details?: unknown };
  throw new AsyncJobFailedError({ jobId, objectName: given(object_name), details: given(details) });
}

/** The procedure accepts only a literal, so the id is checked before it is put into the statement. */
function jobIdOf(job: AsyncJob): string | undefined {
  if (typeof job !== "string" && job.rows.length === 0) return undefined;
  // An ORM may have changed the names of columns to camel case.
  const row =
    typeof job === "string" ? { job_id: job } : (job.rows[0] as { job_id?: unknown; jobId?: unknown });
  const jobId = row.job_id ?? row.jobId;
  if (typeof jobId === "string" && JOB_ID.test(jobId)) return jobId;
  throw new DsqlConfigError(
    typeof job === "string"
      ? `"${job}" is not the id of a DSQL job (26 letters and digits).`
      : "The result has no column job_id: only a statement that starts an asynchronous job returns one.",
  );
}

function given(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
