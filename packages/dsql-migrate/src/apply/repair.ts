import type { DsqlPool } from "dsql-core";
import { escapeLiteral } from "pg";
import { MigrateError } from "../errors.ts";
import type { PlannedMigration } from "../plan/migration.ts";
import type { HistoryTable } from "./history.ts";
import { type Journal, readMigrations } from "./journal.ts";
import { createJournal, JOURNAL_SCHEMA } from "./journal-tables.ts";
import { breakLease, type LeaseHolder, type LeaseOptions } from "./lease.ts";
import { runRepeatable } from "./repeatable.ts";
import { historyId, underLease } from "./under-lease.ts";

/** Options of the repairs, which take the lock like a deployment. */
export interface RepairOptions extends LeaseOptions {
  pool: DsqlPool;
  history?: HistoryTable | undefined;
}

/**
 * Records a migration as applied without running it: for a database that has its schema already, or one fixed by hand.
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if it is applied already
 */
export async function markApplied(options: RepairOptions, migration: PlannedMigration): Promise<void> {
  await withJournal(options, async (journal, id) => {
    const row = (await readMigrations(options.pool, id)).find(({ name }) => name === migration.name);
    if (row?.finishedAt !== undefined) {
      throw new MigrateError("DSQL_MIGRATE_INPUT", `Migration ${migration.name} is applied already.`);
    }
    const empty = { ...migration, plan: { ...migration.plan, ok: true, steps: [] } };
    await journal.begin(empty, options.history);
    await journal.finish(empty, undefined, options.history, undefined);
  });
}

/**
 * Stores the checksum of an applied migration whose source was edited without changing what it does.
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if it is not applied
 */
export async function acceptEdited(options: RepairOptions, migration: PlannedMigration): Promise<void> {
  const { pool, history } = options;
  await withJournal(options, async (_journal, id) => {
    const { rowCount } = await runRepeatable(
      pool,
      `UPDATE ${JOURNAL_SCHEMA}.migration SET checksum = ${escapeLiteral(migration.checksum)} WHERE history = ${escapeLiteral(id)} AND name = ${escapeLiteral(migration.name)} AND finished_at IS NOT NULL`,
    );
    const accepted =
      history?.accept === undefined ? 0 : (await runRepeatable(pool, history.accept(migration))).rowCount;
    if ((rowCount ?? 0) + (accepted ?? 0) === 0) throw notFound(migration.name, "applied");
  });
}

/**
 * Deletes the records of a migration that was begun and not finished, after a person has undone what its steps did. The next
 * deployment runs it from its first step.
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if no such migration was begun
 */
export async function forget(options: RepairOptions, name: string): Promise<void> {
  const { pool, history } = options;
  await withJournal(options, async (journal, id) => {
    const at = `history = ${escapeLiteral(id)} AND name = ${escapeLiteral(name)}`;
    const begun = (await readMigrations(pool, id)).some(
      (row) => row.name === name && row.finishedAt === undefined,
    );
    if (!begun) throw notFound(name, "half applied");
    if (history?.forget !== undefined) await runRepeatable(pool, history.forget(name));
    await runRepeatable(pool, `DELETE FROM ${JOURNAL_SCHEMA}.migration WHERE ${at}`);
    await journal.forgetSteps(name);
  });
}

/** What {@link repairMigration} does with the migration of that name. */
export type MigrationRepair =
  /** Its source was edited after it was applied and does the same as before: the new checksum is stored. */
  | { accept: string }
  /** Its changes are in the database already: it is recorded as applied, and nothing is run. */
  | { applied: string }
  /** It was interrupted, and its changes were undone by hand: the next deployment runs it from its first step. */
  | { forget: string };

/**
 * Makes one repair: calls {@link acceptEdited}, {@link markApplied} or {@link forget} for the migration of that name.
 * @throws MigrateError `DSQL_MIGRATE_INPUT` if there is no such migration, or it is not in the state that this repair is for
 */
export async function repairMigration(
  options: RepairOptions,
  migrations: readonly PlannedMigration[],
  change: MigrationRepair,
): Promise<void> {
  if ("forget" in change) return await forget(options, change.forget);
  if ("accept" in change) return await acceptEdited(options, named(migrations, change.accept));
  await markApplied(options, named(migrations, change.applied));
}

/** Takes the lock from its holder, and returns the holder. For a holder that is known to be dead and has a long lease. */
export async function releaseLock(pool: DsqlPool): Promise<LeaseHolder | undefined> {
  await createJournal(pool);
  return await breakLease(pool);
}

async function withJournal(
  options: RepairOptions,
  work: (journal: Journal, historyId: string) => Promise<void>,
): Promise<void> {
  await underLease(options, async ({ journal }) => {
    await work(journal, historyId(options.history));
  });
}

function named(migrations: readonly PlannedMigration[], name: string): PlannedMigration {
  const found = migrations.find((migration) => migration.name === name);
  if (found !== undefined) return found;
  throw new MigrateError(
    "DSQL_MIGRATE_INPUT",
    `There is no migration ${name}. The migrations are ${migrations.map((migration) => migration.name).join(", ") || "none"}.`,
  );
}

function notFound(name: string, what: string): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_INPUT",
    `No migration named ${name} is ${what}: see dsql-migrate status.`,
  );
}
