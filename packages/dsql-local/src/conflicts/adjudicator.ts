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
  /** Snapshots that are being taken: what is committed meanwhile may be unseen by them. */
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
  /** Grows at the start and at the end of everything that may change tables, whether it succeeds or not. */
  catalogVersion = 0;

  constructor(admin: AdminConnection) {
    this.#admin = admin;
    this.locks = new LockWatch(admin);
  }

  get hasOpenTransactions(): boolean {
    return this.#open.size + this.#opening > 0;
  }

  /** To be called when an index build or a validation has ended, which affects the transactions that are open now. */
  jobEnded(): void {
    this.forgetFacts();
    this.jobsEnded++;
  }

  /**
   * Runs what commits DDL or GRANT, if it succeeds.
   * @returns its result; `schemaVersion` has grown where `hasChanged` says so of it.
   */
  async changeSchema<T>(commit: () => Promise<T>, hasChanged: (result: T) => boolean): Promise<T> {
    this.forgetFacts();
    const change = commit()
      .then((result) => {
        if (hasChanged(result)) this.schemaVersion++;
        return result;
      })
      // A commit whose connection broke may have taken effect as well.
      .finally(() => this.forgetFacts());
    this.#schemaChanges.add(change);
    try {
      return await change;
    } finally {
      this.#schemaChanges.delete(change);
    }
  }

  /** Waits for the DDL that is being committed now. */
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

  /** To be called when a snapshot that was announced will not be taken. */
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

  /** The keys of a table as they are now, read from the catalogs alone. @throws {BackendGoneError} */
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
   * The definitions of tables, each with those that foreign keys tie to it, as transactions read them which began at this
   * version of the catalogs; undefined where tables may have changed since, or may be changing.
   */
  definitionsAt(catalogVersion: number): Map<number, readonly TableDefinition[]> | undefined {
    const isCurrent = catalogVersion === this.catalogVersion && this.#schemaChanges.size === 0;
    return isCurrent ? this.#definitions : undefined;
  }

  /** To be called when tables may have changed: what is known of them is read again. */
  forgetFacts(): void {
    this.catalogVersion++;
    this.#facts = new Map();
    this.#definitions = new Map();
  }
}
