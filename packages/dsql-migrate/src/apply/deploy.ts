import type { DsqlPool } from "dsql-core";
import { MigrateError } from "../errors.ts";
import type { PlannedMigration } from "../plan/migration.ts";
import type { Problem } from "../plan/step.ts";
import type { MigrateListener } from "./events.ts";
import type { AppliedMigration, HistoryTable } from "./history.ts";
import { type JournalMigration, type JournalStep, readSteps } from "./journal.ts";
import { readHistory } from "./read-history.ts";
import { type Deployment, type MigrationStart, runMigration } from "./run-migration.ts";
import { hasHappened } from "./run-step.ts";
import { type DeploymentOptions, historyId, underLease } from "./under-lease.ts";

/** Options of {@link deploy}. */
export interface DeployOptions extends DeploymentOptions {
  /** All migrations, including applied ones, in the order in which they run. */
  migrations: readonly PlannedMigration[];
}

/** What a deployment did. */
export interface DeployResult {
  /** The names of the migrations that it applied or finished. */
  applied: string[];
}

/**
 * Applies the migrations that are not applied yet: one statement at a time, each recorded in the journal, under a lock that
 * other deployments wait for. If a deployment is killed, the next one continues it exactly where it stopped.
 * @throws MigrateError `DSQL_MIGRATE_REFUSED` before anything runs, if a migration that is to be applied has problems;
 * `DSQL_MIGRATE_CHANGED` if an applied migration was edited; `DSQL_MIGRATE_LOCKED`, `DSQL_MIGRATE_LEASE_LOST`;
 * `DSQL_MIGRATE_STOPPED` after `signal`; `DSQL_MIGRATE_FAILED` with the step that failed
 */
export async function deploy(options: DeployOptions): Promise<DeployResult> {
  const { migrations } = options;
  requireUniqueNames(migrations);
  return await underLease(options, (deployment) => applyPending(deployment, migrations));
}

/** A migration that is not applied yet, and how many of its steps have run. */
export interface Pending {
  migration: PlannedMigration;
  start: MigrationStart;
  /** If its source was edited after it was begun: the step from which the new plan replaces the old one. */
  replanFrom: number | undefined;
}

/**
 * Compares migrations with the journal and the history table.
 * @throws MigrateError `DSQL_MIGRATE_REFUSED`, `DSQL_MIGRATE_CHANGED`
 */
export async function findPending(
  pool: DsqlPool,
  migrations: readonly PlannedMigration[],
  history: HistoryTable | undefined,
  emit: MigrateListener,
): Promise<Pending[]> {
  const id = historyId(history);
  const { journaled, applied } = await readHistory(pool, history);
  warnOfMissing(migrations, applied, emit);
  const pending: Pending[] = [];
  for (const migration of migrations) {
    const done = applied.get(migration.name);
    if (done !== undefined) {
      requireUnchanged(migration, done, history);
      if (pending.length > 0) {
        const [first] = pending as [Pending];
        emit({
          type: "warning",
          message: `${first.migration.name} comes before ${migration.name}, which is already applied, so it runs out of order.`,
        });
      }
      continue;
    }
    const begun = journaled.get(migration.name);
    pending.push(
      begun === undefined || begun.finishedAt !== undefined
        ? { migration, start: { from: "nothing" }, replanFrom: undefined }
        : await begunMigration(pool, migration, begun, await readSteps(pool, id, migration.name), history),
    );
  }
  const problems = pending
    .filter(({ replanFrom, start }) => start.from === "nothing" || replanFrom !== undefined)
    .flatMap(({ migration }) => migration.plan.problems.filter(({ severity }) => severity === "error"));
  if (problems.length > 0) throw refused(problems);
  return pending;
}

async function applyPending(
  deployment: Deployment,
  migrations: readonly PlannedMigration[],
): Promise<DeployResult> {
  const { pool, journal, table, emit } = deployment;
  const pending = await findPending(pool, migrations, table, emit);
  const applied: string[] = [];
  let begun = false;
  for (const [index, { migration, start, replanFrom }] of pending.entries()) {
    let from: MigrationStart = begun ? { from: "begun" } : start;
    if (replanFrom !== undefined) {
      await journal.replan(migration, replanFrom);
      from = { from: "journal", steps: await readSteps(pool, historyId(table), migration.name) };
    }
    const following = pending[index + 1];
    const next = following?.start.from === "nothing" ? following.migration : undefined;
    await runMigration(deployment, migration, from, next);
    begun = next !== undefined;
    applied.push(migration.name);
  }
  return { applied };
}

async function begunMigration(
  pool: DsqlPool,
  migration: PlannedMigration,
  begun: JournalMigration,
  steps: readonly JournalStep[],
  history: HistoryTable | undefined,
): Promise<Pending> {
  const start: MigrationStart = { from: "journal", steps };
  if (begun.checksum === migration.checksum) {
    // The stored plan is used, so that another version of this package continues it unchanged.
    const plan = { ...migration.plan, ok: true, steps: steps.map((step) => step.plan) };
    return { migration: { ...migration, plan }, start, replanFrom: undefined };
  }
  const isEdited = (step: JournalStep) => migration.plan.steps[step.position]?.sql !== step.plan.sql;
  const done = steps.filter(({ state }) => state === "done");
  const edited = done.find(isEdited);
  if (edited !== undefined) throw changedWhileBegun(migration.name, edited.position, done.length, history);
  let position = done.length;
  for (; steps[position]?.state === "started"; position += 1) {
    const open = steps[position] as JournalStep;
    if (!isEdited(open)) continue;
    if (await hasHappened(pool, open))
      throw changedWhileBegun(migration.name, position, position + 1, history);
    break;
  }
  return { migration, start, replanFrom: position };
}

function warnOfMissing(
  migrations: readonly PlannedMigration[],
  applied: ReadonlyMap<string, AppliedMigration>,
  emit: MigrateListener,
): void {
  const given = new Set(migrations.map(({ name }) => name));
  for (const name of applied.keys()) {
    if (!given.has(name)) {
      emit({
        type: "warning",
        message: `${name} is applied in the database, but is not among the migrations.`,
      });
    }
  }
}

/** @throws MigrateError `DSQL_MIGRATE_INPUT` */
export function requireUniqueNames(migrations: readonly { name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of migrations) {
    if (seen.has(name)) {
      throw new MigrateError(
        "DSQL_MIGRATE_INPUT",
        `Two migrations have the name ${name}: rename one of them.`,
      );
    }
    seen.add(name);
  }
}

function requireUnchanged(
  migration: PlannedMigration,
  applied: AppliedMigration,
  history: HistoryTable | undefined,
): void {
  if (applied.checksum === undefined || applied.checksum === migration.checksum) return;
  throw new MigrateError(
    "DSQL_MIGRATE_CHANGED",
    `Migration ${migration.name} was edited after it was applied. Restore the file and put the change into a new migration. If the edit changes nothing in the database, accept it with: ${repairCommand(history, "accept", migration.name)}`,
  );
}

function changedWhileBegun(
  name: string,
  step: number,
  done: number,
  history: HistoryTable | undefined,
): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_CHANGED",
    `Migration ${name} was edited while it was half applied: step ${step + 1} is now a different statement, and the first ${done} steps have already run. Restore those statements (later ones may be edited), or undo by hand what they did, and start over with: ${repairCommand(history, "forget", name)}`,
  );
}

function repairCommand(history: HistoryTable | undefined, repair: "accept" | "forget", name: string): string {
  return history?.repairCommand?.(repair, name) ?? `dsql-migrate repair --${repair} ${name}`;
}

function refused(problems: readonly Problem[]): MigrateError {
  const lines = problems.map(
    ({ source, message, advice }) =>
      `${source.file ?? "SQL"}:${source.line}:${source.column} ${message} ${advice}`,
  );
  return new MigrateError(
    "DSQL_MIGRATE_REFUSED",
    `${problems.length === 1 ? "One statement" : `${problems.length} statements`} cannot be applied to Aurora DSQL, and nothing was run:\n${lines.join("\n")}`,
    { problems },
  );
}
