import type { AdminConnection } from "./admin-connection.ts";
import { CommitLog, type PendingCommit } from "./commit-log.ts";
import { LockWatch } from "./lock-watch.ts";
import { RowIds } from "./row-ids.ts";
import type { Snapshot } from "./snapshot.ts";
import type { TableDefinition } from "./table-definition.ts";
import { parseTableFacts, type TableFacts, tableFactsQuery } from "./table-facts.ts";
import type { WriteSet } from "./write-set.ts";

/** What the sessions of one cluster share to decide which transaction may commit. */
export class Adjudicator {
  readonly #admin: AdminConnection;
  readonly #open = new Set<Snapshot>();
  /** Number of snapshots that are being taken; they may not see what is committed meanwhile. */
  #opening = 0;
  #facts = new Map<number, Promise<TableFacts> | TableFacts>();
  #definitions = new Map<number, readonly TableDefinition[]>();
  readonly #schemaChanges = new Set<Promise<unknown>>();
  readonly log = new CommitLog();
  readonly locks: LockWatch;
  readonly rowIds = new RowIds();
  /** Counts the DDL and GRANT statements that were committed. */
  schemaVersion = 0;
  /** Counts the index builds and validations that have ended. */
  jobsEnded = 0;
  /** Incremented before and after everything that may change tables, whether it succeeds or not. */
  catalogVersion = 0;

  constructor(admin: AdminConnection) {
    this.#admin = admin;
    this.locks = new LockWatch(admin);
  }

  get hasOpenTransactions(): boolean {
    return this.#open.size + this.#opening > 0;
  }

  /** To be called when an index build or a validation has ended, which affects the open transactions. */
  jobEnded(): void {
    this.forgetFacts();
    this.jobsEnded++;
  }

  /**
   * Runs `commit`, which commits DDL or GRANT if it succeeds.
   * @returns its result; `schemaVersion` has been incremented if `hasChanged` returns true for it.
   */
  async changeSchema<T>(commit: () => Promise<T>, hasChanged: (result: T) => boolean): Promise<T> {
    this.forgetFacts();
    const change = commit()
      .then((result) => {
        if (hasChanged(result)) this.schemaVersion++;
        return result;
      })
      // A commit whose connection broke may have taken effect too.
      .finally(() => this.forgetFacts());
    this.#schemaChanges.add(change);
    try {
      return await change;
    } finally {
      this.#schemaChanges.delete(change);
    }
  }

  /** Waits until the DDL that is being committed now has ended. */
  async schemaSettled(): Promise<void> {
    await Promise.allSettled(this.#schemaChanges);
  }

  /** To be called before a snapshot is taken; from then on the transaction is open until `closed`. */
  opening(): (snapshot: Snapshot) => void {
    this.#opening++;
    return (snapshot) => {
      this.#opening--;
      this.#open.add(snapshot);
    };
  }

  /** To be called if a snapshot that `opening` announced will not be taken. */
  neverOpened(): void {
    this.#opening--;
  }

  closed(snapshot: Snapshot): void {
    if (!this.#open.delete(snapshot) || this.#opening > 0) return;
    if (this.log.size > 0) this.log.prune(this.#open);
    if (this.#open.size === 0) this.rowIds.clear();
  }

  /** Logs what a transaction is about to commit. */
  beginCommit(transactionId: number, writes: WriteSet): PendingCommit {
    for (const row of writes.movedRows()) this.rowIds.moved(row);
    return this.log.begin(transactionId, writes);
  }

  /** The current keys of a table, read only from the catalogs. @throws {BackendGoneError} */
  facts(table: number): Promise<TableFacts> | TableFacts {
    const known = this.#facts.get(table);
    if (known) return known;
    const cache = this.#facts;
    const read = this.#admin.rows(tableFactsQuery(table)).then(([row]) => parseTableFacts(row?.[0]));
    cache.set(table, read);
    read.then(
      (facts) => cache.set(table, facts),
      // A failed read is not cached.
      () => cache.delete(table),
    );
    return read;
  }

  /**
   * The cached definitions of tables, each with those of the tables that foreign keys link to it, for transactions that began
   * at this version of the catalogs; undefined if tables may have changed since, or may be changing now.
   */
  definitionsAt(catalogVersion: number): Map<number, readonly TableDefinition[]> | undefined {
    const isCurrent = catalogVersion === this.catalogVersion && this.#schemaChanges.size === 0;
    return isCurrent ? this.#definitions : undefined;
  }

  /** To be called when tables may have changed: discards the cached facts and definitions. */
  forgetFacts(): void {
    this.catalogVersion++;
    this.#facts = new Map();
    this.#definitions = new Map();
  }
}
