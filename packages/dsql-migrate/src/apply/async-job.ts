import { setTimeout as sleep } from "node:timers/promises";
import { AsyncJobFailedError, type DsqlPool } from "dsql-core";
import { escapeIdentifier, escapeLiteral } from "pg";
import type { StepJob } from "../plan/step.ts";
import { runRepeatable } from "./repeatable.ts";

const FIRST_POLL_MS = 20;
const LONGEST_POLL_MS = 2000;

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
 * Waits until a job has ended. A job that `sys.jobs` no longer lists has ended: finished ones are purged after half an hour.
 * @throws AsyncJobFailedError when it failed
 */
export async function waitForJobWithProgress(
  pool: DsqlPool,
  jobId: string,
  onProgress: (job: JobRow) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_POLL_MS)) {
    const [job] = await jobs(pool, `job_id = ${escapeLiteral(jobId)}`);
    if (job === undefined || job.status === "completed") return;
    if (job.status === "failed") throw failed(job);
    await onProgress(job);
    await sleep(pauseMs, undefined, { signal });
  }
}

/** The jobs that have not ended. */
export function runningJobs(pool: DsqlPool): Promise<JobRow[]> {
  return jobs(pool, "status NOT IN ('completed', 'failed')");
}

/** The latest job that works, or worked, on the index or constraint of a step; undefined if none is listed. */
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

/** What the catalog says of a step's index or constraint: ready, there but not ready (yet), or not there. */
export async function objectState(pool: DsqlPool, job: StepJob): Promise<"ready" | "invalid" | "missing"> {
  const sql =
    job.kind === "index"
      ? `SELECT indisvalid AS ready FROM pg_catalog.pg_index WHERE indexrelid = ${regclass(job.schema, job.name ?? "")}`
      : `SELECT convalidated AS ready FROM pg_catalog.pg_constraint WHERE conrelid = ${regclass(job.schema, job.table ?? "")} AND conname = ${escapeLiteral(job.name ?? "")}`;
  const [row] = (await runRepeatable<{ ready: boolean }>(pool, sql)).rows;
  if (row === undefined) return "missing";
  return row.ready ? "ready" : "invalid";
}

/** Drops what a failed index build has left behind. */
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
