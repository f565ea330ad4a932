import type { DsqlPool } from "dsql-core";
import { MigrateError } from "../errors.ts";
import { type MigrateListener, safeListener } from "./events.ts";
import { type HistoryTable, PLAIN_HISTORY_ID } from "./history.ts";
import { Journal } from "./journal.ts";
import { createJournal } from "./journal-tables.ts";
import { Lease, type LeaseOptions, leaseTimes } from "./lease.ts";
import { createIfMissing, queryOf } from "./repeatable.ts";
import type { Deployment } from "./run-migration.ts";

/** What every deployment needs. */
export interface DeploymentOptions extends LeaseOptions {
  /** Runs every statement; it needs at least two connections. The caller ends it. */
  pool: DsqlPool;
  /** Another tool's history table. @default the journal alone */
  history?: HistoryTable | undefined;
  /** Called with every event of the deployment. */
  onEvent?: MigrateListener | undefined;
}

/**
 * Creates the journal and the history table if they are missing, takes the lock, runs `work`, and releases the lock.
 * @throws MigrateError `DSQL_MIGRATE_LOCKED`, and `DSQL_MIGRATE_STOPPED` after `signal`
 */
export async function underLease<T>(
  options: DeploymentOptions,
  work: (deployment: Deployment) => Promise<T>,
): Promise<T> {
  const { pool, history, signal } = options;
  const emit = safeListener(options.onEvent);
  leaseTimes(options);
  try {
    await createJournal(pool);
    const lease = await Lease.acquire(pool, options, emit);
    try {
      const needed = (await history?.setup(queryOf(pool))) ?? [];
      for (const statement of needed) await createIfMissing(pool, statement);
      const journal = new Journal(pool, historyId(history), lease);
      // From here on nobody else changes what an earlier holder has begun, so what is read about it stays valid.
      await journal.takeOver();
      return await work({ pool, journal, lease, table: history, emit, signal });
    } finally {
      await lease.release();
    }
  } catch (error) {
    if (signal?.aborted === true && !(error instanceof MigrateError)) throw stopped(error);
    throw error;
  }
}

/** The name of a history in the journal. */
export function historyId(history: HistoryTable | undefined): string {
  return history?.id ?? PLAIN_HISTORY_ID;
}

function stopped(cause: unknown): MigrateError {
  return new MigrateError(
    "DSQL_MIGRATE_STOPPED",
    "The deployment was stopped. Steps that have run are kept; deploy again to continue with the next one.",
    { cause },
  );
}
