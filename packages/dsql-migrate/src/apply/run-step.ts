import { AsyncJobFailedError, type DsqlPool, retryOnOcc } from "dsql-core";
import type { PlanStep, StepJob } from "../plan/step.ts";
import { dropInvalidIndex, jobOf, objectState, waitForJobWithProgress } from "./async-job.ts";
import type { Journal, JournalStep, StartingSteps } from "./journal.ts";
import type { Lease } from "./lease.ts";
import { isLost, MAX_LOST_CONNECTIONS, runRepeatable, sqlstateOf } from "./repeatable.ts";

const DUPLICATE_OBJECT_NAME = "42P07";

/** What a step needs of the deployment that runs it. */
export interface StepContext {
  pool: DsqlPool;
  journal: Journal;
  lease: Lease;
  migration: string;
  /** Ends the wait for a job; the job itself continues. */
  signal: AbortSignal | undefined;
  progress(details: { jobId?: string; jobStatus?: string; rows?: number; remaining?: number }): void;
}

/** The state of a step in the journal when this run reached it. */
export interface StepStart {
  position: number;
  /** An earlier run had started it, and nobody knows how far it got. */
  resumed: boolean;
  doneBefore: boolean;
}

export interface StepResult {
  /** How many rows it has changed, as far as that is known. */
  rows?: number | undefined;
  /** The step had happened although its journal entry was missing. */
  recovered: boolean;
  /** The journal has it already: its entry was part of the step's own transaction. */
  journaled: boolean;
}

/** Runs one step until it has surely happened, or has surely failed. */
export async function runStep(
  context: StepContext,
  step: PlanStep,
  start: StepStart,
  next: StartingSteps | undefined,
): Promise<StepResult> {
  await context.lease.confirm();
  switch (step.kind) {
    case "dml":
      return await runDml(context, step, start, next);
    case "backfill":
      return await runBackfill(context, step);
    case "async-job":
      return await runAsyncJob(context, step, start);
    case "ddl":
      return await runDdl(context, step, start);
  }
}

/** The data change and its journal entry are one transaction: it has happened if, and only if, the journal says so. */
async function runDml(
  { pool, journal, migration }: StepContext,
  step: PlanStep,
  { position }: StepStart,
  next: StartingSteps | undefined,
): Promise<StepResult> {
  const range = { from: position, to: position };
  const finish = (rows: number | undefined) =>
    journal.finishStepsSql(
      migration,
      { range, rows: rows === undefined ? undefined : new Map([[position, rows]]) },
      next,
    );
  const rows = await pool.transactionWithRetry(
    async (client) => {
      await journal.requireFence(migration, client);
      const { rowCount } = await client.query(step.sql);
      await client.query(finish(rowCount ?? undefined));
      return rowCount ?? undefined;
    },
    { verifyCommit: () => journal.isDone(migration, position) },
  );
  return { rows, recovered: false, journaled: true };
}

/** Each batch is a transaction of its own; rows that are already filled are not matched again. */
async function runBackfill(
  { pool, lease, progress, signal }: StepContext,
  step: PlanStep,
): Promise<StepResult> {
  const sql = step.backfill?.batchSql ?? step.sql;
  const fullBatch = step.backfill?.batchRows ?? 1;
  let rows = 0;
  for (;;) {
    signal?.throwIfAborted();
    await lease.confirm();
    const changed = (await runRepeatable(pool, sql)).rowCount ?? 0;
    rows += changed;
    // A batch that is not full has found the last rows.
    if (changed < fullBatch) return { rows, recovered: false, journaled: false };
    progress({ rows });
  }
}

async function runDdl({ pool }: StepContext, step: PlanStep, start: StepStart): Promise<StepResult> {
  const recovered = await sendOnce(pool, step, start, async () => {
    await pool.query(step.sql);
  });
  return { recovered, journaled: false };
}

/**
 * Sends a statement that cannot share a transaction with the journal until it has happened. Where an earlier attempt may
 * have happened, the catalog is asked first, and again if the server then refuses the statement.
 * Returns whether the catalog showed that it had happened.
 */
async function sendOnce(
  pool: DsqlPool,
  step: PlanStep,
  { resumed, doneBefore }: StepStart,
  send: () => Promise<void>,
): Promise<boolean> {
  // A check that was true before the step cannot show that the step has happened.
  const check = step.done.kind === "query" && !doneBefore ? step.done.sql : undefined;
  const happened = async () => check !== undefined && (await isTrue(pool, check));
  let uncertain = resumed;
  for (let lost = 0; ; ) {
    if (uncertain && (await happened())) return true;
    try {
      await retryOnOcc(send);
      return false;
    } catch (error) {
      if (isLost(error)) {
        lost += 1;
        if (lost > MAX_LOST_CONNECTIONS) throw error;
        uncertain = true;
        continue;
      }
      // The earlier attempt may have reached the server after the catalog was read; then the server refuses this one.
      if (uncertain && (await happened())) return true;
      throw error;
    }
  }
}

/**
 * Starts the step's job and waits for it. Where an earlier attempt may have started it, its job is looked for and waited for,
 * and an invalid index that no job works on any more is dropped first.
 */
async function runAsyncJob(context: StepContext, step: PlanStep, start: StepStart): Promise<StepResult> {
  const { pool } = context;
  const { job } = step;
  let uncertain = start.resumed && !start.doneBefore;
  for (let lost = 0; ; ) {
    if (uncertain && (await adoptJob(context, job))) return { recovered: true, journaled: false };
    try {
      const { rows } = await retryOnOcc(() => pool.query<{ job_id?: string }>(step.sql));
      // `IF NOT EXISTS` of an index that exists starts no job.
      const jobId = rows[0]?.job_id;
      if (jobId !== undefined) {
        await awaitJob(context, job, jobId);
      }
      return { recovered: false, journaled: false };
    } catch (error) {
      const arrivedLate = uncertain && sqlstateOf(error) === DUPLICATE_OBJECT_NAME;
      if (!isLost(error) && !arrivedLate) throw error;
      lost += 1;
      if (lost > MAX_LOST_CONNECTIONS) throw error;
      uncertain = true;
    }
  }
}

/** Whether an earlier attempt has made the step's object, once its job has ended. */
async function adoptJob(context: StepContext, job: StepJob | undefined): Promise<boolean> {
  if (job === undefined) return false;
  const { pool } = context;
  if ((await objectState(pool, job)) === "ready") return true;
  // One that has failed already is started again, because its cause may have been fixed since.
  const found = await jobOf(pool, job);
  if (found !== undefined && found.status !== "failed") await awaitJob(context, job, found.jobId);
  const state = await objectState(pool, job);
  if (state === "invalid" && job.kind === "index") await dropInvalidIndex(pool, job);
  return state === "ready";
}

async function awaitJob(context: StepContext, job: StepJob | undefined, jobId: string): Promise<void> {
  const { pool, lease, progress, signal } = context;
  try {
    await waitForJobWithProgress(
      pool,
      jobId,
      async ({ status }) => {
        progress({ jobId, jobStatus: status });
        await lease.confirm();
      },
      signal,
    );
  } catch (error) {
    if (error instanceof AsyncJobFailedError && job?.kind === "index") {
      try {
        await dropInvalidIndex(pool, job);
      } catch {
        // Not the job's own error, so that the step stays started: the next deployment finds the job and drops its index.
        throw new Error(`${error.message} Its invalid index could not be dropped.`, { cause: error });
      }
    }
    throw error;
  }
}

/** Whether a step that the journal has as started has happened, as far as the catalog shows. */
export async function hasHappened(pool: DsqlPool, { plan, doneBefore }: JournalStep): Promise<boolean> {
  if (plan.kind === "backfill" || plan.done.kind !== "query" || doneBefore) return false;
  return await isTrue(pool, plan.done.sql);
}

/** Runs a catalog check of a plan. */
async function isTrue(pool: DsqlPool, sql: string): Promise<boolean> {
  const { rows } = await runRepeatable<Record<string, unknown>>(pool, sql);
  return Object.values(rows[0] ?? {})[0] === true;
}
