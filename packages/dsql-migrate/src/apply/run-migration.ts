import type { DsqlPool } from "dsql-core";
import { MigrateError } from "../errors.ts";
import type { PlannedMigration } from "../plan/migration.ts";
import type { PlanStep } from "../plan/step.ts";
import type { MigrateListener, StepPlace } from "./events.ts";
import type { HistoryTable } from "./history.ts";
import type { Journal, JournalStep, StepOutcome } from "./journal.ts";
import type { Lease } from "./lease.ts";
import { runStep, type StepStart } from "./run-step.ts";

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
  const earlier = start.from === "journal" ? start.steps : [];
  const firstOpen = earlier.findIndex(({ state }) => state !== "done");
  const first = start.from !== "journal" ? 0 : firstOpen === -1 ? steps.length : firstOpen;
  emit({
    type: "migration-started",
    migration: name,
    steps: steps.length,
    resumedAt: start.from === "journal" ? first : undefined,
  });
  if (start.from === "nothing") await journal.begin(migration, table);
  let unwritten: { position: number; outcome: StepOutcome } | undefined;
  for (let position = first; position < steps.length; position += 1) {
    const step = steps[position] as PlanStep;
    const found = position === first ? earlier[position] : undefined;
    const stepStart = await startOf(journal, name, step, position, found);
    const outcome = await runOneStep(deployment, migration, step, stepStart);
    unwritten = undefined;
    const following = steps[position + 1];
    if (outcome.journaled) continue;
    if (following === undefined) unwritten = { position, outcome };
    else await journal.finishStep(name, position, outcome, following);
  }
  if (next !== undefined) await journal.prepare(next);
  await journal.finish(migration, unwritten, table, next);
  emit({ type: "migration-done", migration: name, elapsedMs: performance.now() - startedAt });
}

/** How a step stands: the entry before it has started it, unless an earlier run has left it in another state. */
async function startOf(
  journal: Journal,
  name: string,
  step: PlanStep,
  position: number,
  found: JournalStep | undefined,
): Promise<StepStart> {
  const fresh: StepStart = { position, resumed: false, doneBefore: false, jobId: undefined };
  if (found === undefined) return fresh;
  if (found.state === "started") {
    return { position, resumed: true, doneBefore: found.doneBefore, jobId: found.jobId };
  }
  await journal.start(name, step, position);
  return fresh;
}

async function runOneStep(
  deployment: Deployment,
  migration: PlannedMigration,
  step: PlanStep,
  start: StepStart,
): Promise<StepOutcome & { journaled: boolean }> {
  const { pool, journal, lease, emit, signal } = deployment;
  const { name, plan } = migration;
  const { position } = start;
  const place: StepPlace = {
    migration: name,
    position,
    steps: plan.steps.length,
    kind: step.kind,
    sql: step.sql,
  };
  signal?.throwIfAborted();
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  emit({ type: "step-started", ...place });
  try {
    const progress = (details: object) =>
      emit({ type: "step-progress", elapsedMs: elapsedMs(), ...details, ...place });
    const context = { pool, journal, lease, migration: name, signal, progress };
    const { recovered, rows, journaled } = await runStep(context, step, start, plan.steps[position + 1]);
    const counted = rows === undefined ? {} : { rows };
    emit({ type: "step-done", elapsedMs: elapsedMs(), recovered, ...counted, ...place });
    return { rows, journaled };
  } catch (error) {
    if (error instanceof MigrateError || signal?.aborted === true) throw error;
    emit({ type: "step-failed", error, ...place });
    const message = error instanceof Error ? error.message : String(error);
    // The first error counts; a step whose failure could not be written is looked up in the catalog next time.
    await journal.fail(name, position, message).catch(() => undefined);
    throw new MigrateError(
      "DSQL_MIGRATE_FAILED",
      `Step ${position + 1} of ${plan.steps.length} of migration ${name} failed: ${message}. The steps before it are done and stay. Fix the cause, or this statement in the migration, and deploy again: it continues with this step.`,
      { cause: error, step: { migration: name, position, sql: step.sql } },
    );
  }
}
