import { setTimeout as sleep } from "node:timers/promises";
import { retryOnOcc } from "dsql-core";
import type { Kysely, MigrationLockOptions } from "kysely";

const POLL_INTERVAL_MS = 500;
const PATIENCE_MS = 5 * 60_000;

/** The table that Kysely makes for dialects without locks of their own; its key is the table's name. */
type LockDatabase = Record<string, { id: string; is_locked: number }>;

/**
 * Takes the migration lock by setting `is_locked` in Kysely's lock row; two takers conflict, and one of them wins.
 * DSQL has no advisory locks. It waits for another holder for 5 minutes.
 */
export async function acquireLockRow(db: Kysely<unknown>, options: MigrationLockOptions): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  while (!(await setLocked(db, options, { from: 0, to: 1 }))) {
    if (Date.now() >= giveUpAt) throw new Error(heldByAnother(options));
    await sleep(POLL_INTERVAL_MS);
  }
}

export async function releaseLockRow(db: Kysely<unknown>, options: MigrationLockOptions): Promise<void> {
  await setLocked(db, options, { from: 1, to: 0 });
}

async function setLocked(
  db: Kysely<unknown>,
  { lockTable, lockRowId, lockTableSchema }: MigrationLockOptions,
  { from, to }: { from: number; to: number },
): Promise<boolean> {
  const lockDb = (
    lockTableSchema === undefined ? db : db.withSchema(lockTableSchema)
  ) as Kysely<LockDatabase>;
  const change = lockDb
    .updateTable(lockTable)
    .set({ is_locked: to })
    .where("id", "=", lockRowId)
    .where("is_locked", "=", from);
  const { numUpdatedRows } = await retryOnOcc(() => change.executeTakeFirst());
  return numUpdatedRows === 1n;
}

function heldByAnother({ lockTable, lockTableSchema }: MigrationLockOptions): string {
  const table = lockTableSchema === undefined ? lockTable : `${lockTableSchema}.${lockTable}`;
  return (
    `Another process holds the migration lock in ${table}. ` +
    `If it no longer runs, free the lock with: update ${table} set is_locked = 0`
  );
}
