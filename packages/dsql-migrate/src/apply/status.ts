import type { DsqlPool } from "dsql-core";
import type { PlannedMigration } from "../plan/migration.ts";
import { type JobRow, runningJobs } from "./async-job.ts";
import type { HistoryTable } from "./history.ts";
import { type JournalStep, readSteps } from "./journal.ts";
import { journalExists } from "./journal-tables.ts";
import { currentHolder, type LeaseHolder } from "./lease.ts";
import { readHistory } from "./read-history.ts";
import { historyId } from "./under-lease.ts";

/**
 * - `applied`: all of its steps have run. `pending`: none has.
 * - `begun`: some of its steps have run; the next deployment continues it.
 * - `failed`: like `begun`, but its next step has failed.
 * - `edited`: applied, but its source has changed since.
 * - `missing`: applied, but not among the given migrations.
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
  /** For `failed`: the server's error, and the statement. */
  error?: string | undefined;
  failedSql?: string | undefined;
}

export interface Status {
  migrations: MigrationStatus[];
  /** The current holder of the lock. */
  lock: LeaseHolder | undefined;
  /** Asynchronous jobs of the cluster that have not ended. */
  jobs: JobRow[];
}

/** Returns what is applied, what is not, what is running, and who holds the lock. Changes nothing and takes no lock. */
export async function status(options: {
  pool: DsqlPool;
  migrations: readonly PlannedMigration[];
  history?: HistoryTable | undefined;
}): Promise<Status> {
  const { pool, migrations, history } = options;
  const id = historyId(history);
  const { journaled, applied } = await readHistory(pool, history);
  const shown: MigrationStatus[] = [];
  for (const { name, checksum } of migrations) {
    const row = journaled.get(name);
    const times = {
      ...(row === undefined ? {} : { stepsDone: row.stepsDone, steps: row.steps, startedAt: row.startedAt }),
      ...(row?.finishedAt === undefined ? {} : { finishedAt: row.finishedAt }),
    };
    const done = applied.get(name);
    if (done !== undefined) {
      const state = done.checksum === undefined || done.checksum === checksum ? "applied" : "edited";
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
  const lock = (await journalExists(pool)) ? await currentHolder(pool) : undefined;
  return { migrations: shown, lock, jobs: await runningJobs(pool) };
}

function openState(steps: readonly JournalStep[]): Pick<MigrationStatus, "state" | "error" | "failedSql"> {
  const failed = steps.find(({ state }) => state === "failed");
  if (failed === undefined) return { state: "begun" };
  return { state: "failed", error: failed.error ?? "unknown", failedSql: failed.plan.sql };
}
