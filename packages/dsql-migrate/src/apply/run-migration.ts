import type { DsqlPool } from "dsql-core";
import { MigrateError } from "../errors.ts";
import type { PlannedMigration } from "../plan/migration.ts";
import type { PlanStep } from "../plan/step.ts";
import type { EventStep, MigrateListener } from "./events.ts";
import type { HistoryTable } from "./history.ts";
import {
  type FinishedSteps,
  firstSteps,
  type Journal,
  type JournalStep,
  type StartingSteps,
  type StepRange,
} from "./journal.ts";
import type { Lease } from "./lease.ts";
import { hasSurelyFailed } from "./repeatable.ts";
import { runStep, type StepResult, type StepStart } from "./run-step.ts";

/** A deployment under way: what each of its migrations needs. */
export interface Deployment {
  pool: DsqlPool;
  journal: Journal;
  lease: Lease;
  table: HistoryTable | undefined;
  emit: MigrateListener;
  /** Stops between two steps, and the wait for a job. */
  signal: AbortSignal | undefined;
}

/** How a migration stands in the journal: not begun, begun with this one's predecessor, or left by an earlier run. */
export type MigrationStart =
  | { from: "nothing" }
  | { from: "begun" }
  | { from: "journal"; steps: readonly JournalStep[] };

/**
 * Runs what is left of a migration, step by step, and begins the next one in the transaction that ends this one.
 * @throws MigrateError `DSQL_MIGRATE_FAILED` with the step; the next deployment runs that step again
 */
export async function runMigration(
  deployment: Deployment,
  migration: PlannedMigration,
  start: MigrationStart,
  next: PlannedMigration | undefined,
): Promise<void> {
  const { journal, table, emit } = deployment;
  const { name, plan } = migration;
  const { steps } = plan;
  const startedAt = performance.now();
  const { run: firstRun, resumed } = firstRunOf(steps, start);
  emit({
    type: "migration-started",
    migration: name,
    steps: steps.length,
    resumedAt: start.from === "journal" ? (firstRun?.from ?? steps.length) : undefined,
  });
  if (start.from === "nothing") await journal.begin(migration, table);
  if (start.from === "journal" && firstRun !== undefined && resumed.size === 0) {
    await journal.start(name, steps, firstRun);
  }
  let unwritten: FinishedSteps | undefined;
  for (let run = firstRun; run !== undefined; ) {
    const following = run.to + 1 < steps.length ? firstSteps(steps, run.to + 1) : undefined;
    const startNext = following && { range: following, steps };
    const rows = new Map<number, number>();
    let isWritten = false;
    for (let position = run.from; position <= run.to; position += 1) {
      const found = resumed.get(position);
      const stepStart = { position, resumed: found !== undefined, doneBefore: found?.doneBefore ?? false };
      const result = await runOneStep(deployment, migration, stepStart, startNext, run.from);
      if (result.rows !== undefined) rows.set(position, result.rows);
      isWritten = result.journaled;
    }
    const done = { range: run, rows };
    if (!isWritten && startNext !== undefined) await journal.finishSteps(name, done, startNext);
    unwritten = isWritten || startNext !== undefined ? undefined : done;
    run = following;
  }
  if (next !== undefined) await journal.prepare(next);
  await journal.finish(migration, unwritten, table, next);
  emit({ type: "migration-done", migration: name, elapsedMs: performance.now() - startedAt });
}

/** The steps that run first, and which of them an earlier run has started without saying whether they have happened. */
function firstRunOf(
  steps: readonly PlanStep[],
  start: MigrationStart,
): { run: StepRange | undefined; resumed: ReadonlyMap<number, JournalStep> } {
  const resumed = new Map<number, JournalStep>();
  if (start.from !== "journal") {
    return { run: steps.length === 0 ? undefined : firstSteps(steps, 0), resumed };
  }
  const open = start.steps.findIndex(({ state }) => state !== "done");
  if (open === -1) return { run: undefined, resumed };
  for (let position = open; start.steps[position]?.state === "started"; position += 1) {
    resumed.set(position, start.steps[position] as JournalStep);
  }
  const run = resumed.size === 0 ? firstSteps(steps, open) : { from: open, to: open + resumed.size - 1 };
  return { run, resumed };
}

async function runOneStep(
  deployment: Deployment,
  migration: PlannedMigration,
  start: StepStart,
  next: StartingSteps | undefined,
  runFrom: number,
): Promise<StepResult> {
  const { pool, journal, lease, emit, signal } = deployment;
  const { name, plan } = migration;
  const { position } = start;
  const step = plan.steps[position] as PlanStep;
  const eventStep: EventStep = {
    migration: name,
    position,
    steps: plan.steps.length,
    kind: step.kind,
    sql: step.sql,
  };
  signal?.throwIfAborted();
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  emit({ type: "step-started", ...eventStep });
  try {
    const progress = (details: object) =>
      emit({ type: "step-progress", elapsedMs: elapsedMs(), ...details, ...eventStep });
    const context = { pool, journal, lease, migration: name, signal, progress };
    const result = await runStep(context, step, start, next);
    const { recovered, rows } = result;
    const counted = rows === undefined ? {} : { rows };
    emit({ type: "step-done", elapsedMs: elapsedMs(), recovered, ...counted, ...eventStep });
    return result;
  } catch (error) {
    if (error instanceof MigrateError || signal?.aborted === true) throw error;
    emit({ type: "step-failed", error, ...eventStep });
    const message = error instanceof Error ? error.message : String(error);
    // The first error counts; a step that is not written as failed is looked up in the catalog next time.
    if (hasSurelyFailed(error))
      await journal.fail(name, { from: runFrom, to: position }, message).catch(() => undefined);
    throw new MigrateError(
      "DSQL_MIGRATE_FAILED",
      `Step ${position + 1} of ${plan.steps.length} of migration ${name} failed: ${message}. The steps before it are done and are kept. Fix the cause, or this statement of the migration, and deploy again: it continues with this step.`,
      { cause: error, step: { migration: name, position, sql: step.sql } },
    );
  }
}
