import { setTimeout as sleep } from "node:timers/promises";
import { AsyncJobFailedError, type DsqlPool, type DsqlPoolClient } from "dsql-core";
import { escapeIdentifier, escapeLiteral } from "pg";
import type { StepJob } from "../plan/step.ts";
import { runRepeatable } from "./repeatable.ts";

/** How often a job's progress is read, while a call waits for its end and if no call can wait. */
const POLL_MS = 1000;
const FALLBACK_POLL_MS = 250;

/** A job as `sys.jobs` shows it. */
export interface JobRow {
  jobId: string;
  status: string;
  details: string | undefined;
  objectName: string | undefined;
  jobType: string;
}

interface RawJob {
  job_id: string;
  status: string;
  details: string | null;
  object_name: string | null;
  job_type: string;
}

const COLUMNS = "job_id, status, details, object_name, job_type";

/**
 * Waits until a job has ended: `sys.wait_for_job` on a connection of its own returns when it has, and `sys.jobs` shows its
 * progress. A job that `sys.jobs` no longer lists has ended: finished jobs are removed after half an hour.
 * @throws AsyncJobFailedError when it failed
 */
export async function waitForJobWithProgress(
  pool: DsqlPool,
  jobId: string,
  onProgress: (job: JobRow) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const waiter = new JobWaiter(pool, jobId);
  try {
    for (;;) {
      await waiter.settled(POLL_MS, signal);
      if (waiter.hasSucceeded) return;
      const [job] = await jobs(pool, `job_id = ${escapeLiteral(jobId)}`);
      if (job === undefined || job.status === "completed") return;
      if (job.status === "failed") throw failed(job);
      await onProgress(job);
    }
  } finally {
    waiter.end();
  }
}

/** A call of `sys.wait_for_job`, which takes as long as the job. If the call fails, the job is polled instead. */
class JobWaiter {
  #client: DsqlPoolClient | undefined;
  #isWaiting = true;
  #ended = false;
  /** Whether the call has returned that the job is completed. */
  hasSucceeded = false;
  readonly #done: Promise<void>;

  constructor(pool: DsqlPool, jobId: string) {
    this.#done = this.#call(pool, jobId).then(
      () => {
        this.#isWaiting = false;
      },
      () => {
        this.#isWaiting = false;
      },
    );
  }

  /** Resolves when the call has returned, or after the given number of milliseconds. */
  async settled(ms: number, signal: AbortSignal | undefined): Promise<void> {
    // A signal that aborted between two waits sends no event to the next one.
    signal?.throwIfAborted();
    const timer = new AbortController();
    const abort = () => timer.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    try {
      const pause = sleep(this.#isWaiting ? ms : FALLBACK_POLL_MS, undefined, { signal: timer.signal });
      await (this.#isWaiting ? Promise.race([this.#done, pause]) : pause);
    } catch {
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener("abort", abort);
      timer.abort();
    }
  }

  /** Closes the connection of a call that is still running: there is no other way to end it. */
  end(): void {
    this.#ended = true;
    this.#client?.release(this.#isWaiting);
    this.#client = undefined;
  }

  async #call(pool: DsqlPool, jobId: string): Promise<void> {
    const client = await pool.connect();
    if (this.#ended) {
      client.release();
      return;
    }
    this.#client = client;
    // The procedure accepts only a literal.
    const { rows } = await client.query<{ succeeded?: boolean }>(
      `CALL sys.wait_for_job(${escapeLiteral(jobId)})`,
    );
    this.hasSucceeded = rows[0]?.succeeded === true;
  }
}

/** The jobs that have not ended. */
export function runningJobs(pool: DsqlPool): Promise<JobRow[]> {
  return jobs(pool, "status NOT IN ('completed', 'failed')");
}

/** The latest job for the index or constraint of a step, running or ended; undefined if none is listed. */
export async function jobOf(pool: DsqlPool, job: StepJob): Promise<JobRow | undefined> {
  const relation = job.kind === "index" ? job.name : job.table;
  if (relation === undefined) return undefined;
  const type = job.kind === "index" ? "INDEX_BUILD" : "%VALID%";
  const rows = await jobs(
    pool,
    `object_id = ${regclass(job.schema, relation)}::oid AND job_type LIKE '${type}' ORDER BY start_time DESC, update_time DESC`,
  );
  return rows[0];
}

/** The state of a step's index or constraint in the catalog: ready, not ready (yet), or missing. */
export async function objectState(pool: DsqlPool, job: StepJob): Promise<"ready" | "invalid" | "missing"> {
  const sql =
    job.kind === "index"
      ? `SELECT indisvalid AS ready FROM pg_catalog.pg_index WHERE indexrelid = ${regclass(job.schema, job.name ?? "")}`
      : `SELECT convalidated AS ready FROM pg_catalog.pg_constraint WHERE conrelid = ${regclass(job.schema, job.table ?? "")} AND conname = ${escapeLiteral(job.name ?? "")}`;
  const [row] = (await runRepeatable<{ ready: boolean }>(pool, sql)).rows;
  if (row === undefined) return "missing";
  return row.ready ? "ready" : "invalid";
}

/** Drops the invalid index that a failed build has left behind. */
export async function dropInvalidIndex(pool: DsqlPool, job: StepJob): Promise<void> {
  await runRepeatable(pool, `DROP INDEX IF EXISTS ${qualified(job.schema, job.name ?? "")}`);
}

function failed(job: JobRow): AsyncJobFailedError {
  const { jobId, objectName, details } = job;
  return new AsyncJobFailedError({
    jobId,
    ...(objectName === undefined ? {} : { objectName }),
    ...(details === undefined ? {} : { details }),
  });
}

async function jobs(pool: DsqlPool, condition: string): Promise<JobRow[]> {
  const { rows } = await runRepeatable<RawJob>(pool, `SELECT ${COLUMNS} FROM sys.jobs WHERE ${condition}`);
  return rows.map((row) => ({
    jobId: row.job_id,
    status: row.status,
    details: row.details ?? undefined,
    objectName: row.object_name ?? undefined,
    jobType: row.job_type,
  }));
}

function regclass(schema: string | undefined, name: string): string {
  return `to_regclass(${escapeLiteral(qualified(schema, name))})`;
}

function qualified(schema: string | undefined, name: string): string {
  return schema === undefined
    ? escapeIdentifier(name)
    : `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
}
