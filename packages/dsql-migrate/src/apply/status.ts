import type { DsqlPool } from "dsql-core";
import type { PlannedMigration } from "../plan/migration.ts";
import { type JobRow, runningJobs } from "./async-job.ts";
import { type HistoryTable, PLAIN_HISTORY_ID } from "./history.ts";
import { type JournalStep, readMigrations, readSteps } from "./journal.ts";
import { journalExists } from "./journal-tables.ts";
import { currentHolder, type LeaseHolder } from "./lease.ts";
import { queryOf } from "./repeatable.ts";

/**
 * - `applied`, `pending`: as they say.
 * - `begun`: some of its steps have run; the next deployment continues it.
 * - `failed`: as `begun`, and its next step has failed.
 * - `edited`: applied, and its source is no longer what was applied.
 * - `missing`: applied, and not among the migrations given.
 */
export type MigrationState = "applied" | "pending" | "begun" | "failed" | "edited" | "missing";

export interface MigrationStatus {
  name: string;
  state: MigrationState;
  /** For a migration that was begun. */
  stepsDone?: number | undefined;
  steps?: number | undefined;
  startedAt?: Date | undefined;
  finishedAt?: Date | undefined;
  /** For `failed`: what the server said, and to which statement. */
  error?: string | undefined;
  failedSql?: string | undefined;
}

export interface Status {
  migrations: MigrationStatus[];
  /** Who migrates now. */
  lock: LeaseHolder | undefined;
  /** Asynchronous jobs of the cluster that have not ended. */
  jobs: JobRow[];
}

/** What is applied, what is not, what runs, and who holds the lock. Changes nothing and takes no lock. */
export async function status(options: {
  pool: DsqlPool;
  migrations: readonly PlannedMigration[];
  history?: HistoryTable | undefined;
}): Promise<Status> {
  const { pool, migrations, history } = options;
  const jobs = await runningJobs(pool);
  if (!(await journalExists(pool))) {
    return { migrations: migrations.map(({ name }) => ({ name, state: "pending" })), lock: undefined, jobs };
  }
  const id = history?.id ?? PLAIN_HISTORY_ID;
  const journaled = new Map((await readMigrations(pool, id)).map((row) => [row.name, row]));
  const applied = await appliedChecksums(pool, history, journaled);
  const shown: MigrationStatus[] = [];
  for (const { name, checksum } of migrations) {
    const row = journaled.get(name);
    const times = {
      ...(row === undefined ? {} : { stepsDone: row.stepsDone, steps: row.steps, startedAt: row.startedAt }),
      ...(row?.finishedAt === undefined ? {} : { finishedAt: row.finishedAt }),
    };
    if (applied.has(name)) {
      const stored = applied.get(name);
      const state = stored === undefined || stored === checksum ? "applied" : "edited";
      shown.push({ name, state, ...times });
    } else if (row === undefined || row.finishedAt !== undefined) {
      shown.push({ name, state: "pending" });
    } else {
      shown.push({ name, ...times, ...openState(await readSteps(pool, id, name)) });
    }
  }
  const given = new Set(migrations.map(({ name }) => name));
  for (const name of applied.keys()) {
    if (!given.has(name)) shown.push({ name, state: "missing" });
  }
  return { migrations: shown, lock: await currentHolder(pool), jobs };
}

async function appliedChecksums(
  pool: DsqlPool,
  history: HistoryTable | undefined,
  journaled: ReadonlyMap<string, { checksum: string; finishedAt: Date | undefined }>,
): Promise<Map<string, string | undefined>> {
  if (history === undefined) {
    const finished = [...journaled].filter(([, { finishedAt }]) => finishedAt !== undefined);
    return new Map(finished.map(([name, { checksum }]) => [name, checksum]));
  }
  const rows = await history.applied(queryOf(pool));
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

function openState(steps: readonly JournalStep[]): Pick<MigrationStatus, "state" | "error" | "failedSql"> {
  const failed = steps.find(({ state }) => state === "failed");
  if (failed === undefined) return { state: "begun" };
  return { state: "failed", error: failed.error ?? "unknown", failedSql: failed.plan.sql };
}
