import type { RetryOptions } from "dsql-core";
import { DialectAdapterBase, type Kysely, type MigrationLockOptions } from "kysely";
import { acquireLockRow, releaseLockRow } from "./migration-lock.ts";

/** Tells Kysely what DSQL supports. */
export class DsqlAdapter extends DialectAdapterBase {
  readonly #retryDefaults: () => RetryOptions | undefined;
  readonly #lockHolders = new WeakSet<object>();

  constructor(retryDefaults: () => RetryOptions | undefined = () => ({})) {
    super();
    this.#retryDefaults = retryDefaults;
  }

  /** The `retry` option of the pool, the defaults of `transactionWithRetry`; undefined until there is a pool. */
  get retryDefaults(): RetryOptions | undefined {
    return this.#retryDefaults();
  }

  override get supportsCreateIfNotExists(): boolean {
    return true;
  }

  /** DSQL supports one DDL statement in a transaction, without reads or writes. */
  override get supportsTransactionalDdl(): boolean {
    return false;
  }

  override get supportsReturning(): boolean {
    return true;
  }

  override async acquireMigrationLock(db: Kysely<unknown>, options: MigrationLockOptions): Promise<void> {
    await acquireLockRow(db, options);
    this.#lockHolders.add(db);
  }

  override async releaseMigrationLock(db: Kysely<unknown>, options: MigrationLockOptions): Promise<void> {
    // Kysely releases after a failed acquisition too, and must not free a lock that another process holds.
    if (this.#lockHolders.delete(db)) await releaseLockRow(db, options);
  }
}
