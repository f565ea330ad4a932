import { setTimeout as sleep } from "node:timers/promises";
import { isOccError, retryOnOcc } from "dsql-core";
import type { Kysely, MigrationLockOptions } from "kysely";

const LONGEST_POLL_DELAY_MS = 1_000;
const PATIENCE_MS = 5 * 60_000;

/** The table that Kysely creates for dialects without locks of their own; its key is the table's name. */
type LockDatabase = Record<string, { id: string; is_locked: number }>;

/** Random numbers and waits, which tests replace. */
interface Polling {
  random(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

/**
 * Takes the migration lock by setting `is_locked` in Kysely's lock row, since DSQL has no advisory locks; of two transactions
 * that set it, one fails with a conflict. Waits up to 5 minutes for another holder, with random delays, so that many waiting
 * processes do not all try at the same moment.
 */
export async function acquireLockRow(
  db: Kysely<unknown>,
  options: MigrationLockOptions,
  polling: Polling = { random: Math.random, sleep },
): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (!(await tryLock(db, options))) {
    if (Date.now() >= giveUpAt) throw new Error(heldByAnother(options));
    await polling.sleep(polling.random() * LONGEST_POLL_DELAY_MS);
  }
}

export async function releaseLockRow(db: Kysely<unknown>, options: MigrationLockOptions): Promise<void> {
  await retryOnOcc(() => setLocked(db, options, { from: 1, to: 0 }));
}

/** A conflict means that another process has taken the lock, or is about to, so the wait continues. */
async function tryLock(db: Kysely<unknown>, options: MigrationLockOptions): Promise<boolean> {
  try {
    return await setLocked(db, options, { from: 0, to: 1 });
  } catch (error) {
    if (isOccError(error)) return false;
    throw error;
  }
}

async function setLocked(
  db: Kysely<unknown>,
  { lockTable, lockRowId, lockTableSchema }: MigrationLockOptions,
  { from, to }: { from: number; to: number },
): Promise<boolean> {
  const lockDb = (
    lockTableSchema === undefined ? db : db.withSchema(lockTableSchema)
  ) as Kysely<LockDatabase>;
  const { numUpdatedRows } = await lockDb
    .updateTable(lockTable)
    .set({ is_locked: to })
    .where("id", "=", lockRowId)
    .where("is_locked", "=", from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

function heldByAnother({ lockTable, lockTableSchema }: MigrationLockOptions): string {
  const table = lockTableSchema === undefined ? lockTable : `${lockTableSchema}.${lockTable}`;
  return (
    `Another process holds the migration lock in ${table}. ` +
    `If that process is no longer running, release the lock with: update ${table} set is_locked = 0`
  );
}
