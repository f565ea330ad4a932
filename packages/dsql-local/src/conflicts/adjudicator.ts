import { CommitLog } from "./commit-log.ts";
import { Latch } from "./latch.ts";
import { LockWatch } from "./lock-watch.ts";
import type { Monitor } from "./monitor.ts";
import { PlaceNames } from "./place-names.ts";
import type { Snapshot } from "./snapshot.ts";
import type { TableDefinition } from "./table-definition.ts";
import type { TableFacts } from "./table-facts.ts";
import type { WriteSet } from "./write-set.ts";

/** What the sessions of one cluster share to decide who may commit. */
export class Adjudicator {
  readonly #monitor: Monitor;
  readonly #open = new Set<Snapshot>();
  /** Snapshots that are being taken: what is committed meanwhile may be unseen by them. */
  #opening = 0;
  #facts = new Map<number, Promise<TableFacts>>();
  #definitions = new Map<number, Promise<TableDefinition[]>>();
  readonly log = new CommitLog();
  /** Shared by statements that commit themselves, taken alone by a COMMIT while it is compared and carried out. */
  readonly latch = new Latch();
  readonly locks: LockWatch;
  readonly places = new PlaceNames();

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
    this.locks = new LockWatch(monitor);
  }

  /** Counts the DDL and GRANT statements that were committed. */
  schemaVersion = 0;

  get hasOpenTransactions(): boolean {
    return this.#open.size + this.#opening > 0;
  }

  /** Counts the index builds and validations that have ended. */
  jobsEnded = 0;

  /** An index build or a validation has ended, which concerns the transactions that are open now. */
  jobEnded(): void {
    this.forgetFacts();
    this.jobsEnded++;
  }

  /** DDL or GRANT was committed; answers the new version. */
  schemaChanged(): number {
    this.forgetFacts();
    return ++this.schemaVersion;
  }

  /** Takes a snapshot; the transaction is open from now until `closed`. */
  async open(take: () => Promise<Snapshot>): Promise<Snapshot> {
    this.#opening++;
    try {
      const snapshot = await take();
      this.#open.add(snapshot);
      return snapshot;
    } finally {
      this.#opening--;
    }
  }

  closed(snapshot: Snapshot): void {
    if (!this.#open.delete(snapshot) || this.#opening > 0) return;
    if (this.log.size > 0) this.log.prune(this.#open);
    if (this.#open.size === 0) this.places.clear();
  }

  /** Takes note of what a transaction has committed, where anybody may still have to be compared with it. */
  committed(transactionId: number, writes: WriteSet): void {
    if (!this.hasOpenTransactions) return;
    this.log.append(transactionId, writes.marks);
    for (const row of writes.movedRows()) this.places.moved(row);
  }

  /** The keys of a table. @throws {BackendGoneError} */
  facts(table: number): Promise<TableFacts> {
    return this.#known(this.#facts, table, async () => {
      const [row] = await this.#monitor.rows(`SELECT pg_catalog.dsql_local_table_facts(${table})`);
      return JSON.parse(row?.[0] ?? '{"keys":[],"foreignKeys":[]}') as TableFacts;
    });
  }

  /** The table and all that foreign keys tie to it. @throws {BackendGoneError} */
  definitions(table: number): Promise<TableDefinition[]> {
    return this.#known(this.#definitions, table, async () => {
      const [row] = await this.#monitor.rows(`SELECT pg_catalog.dsql_local_definitions(${table})`);
      return JSON.parse(row?.[0] ?? "[]") as TableDefinition[];
    });
  }

  /** Tables may have changed: what is known of them is read again. */
  forgetFacts(): void {
    this.#facts = new Map();
    this.#definitions = new Map();
  }

  #known<T>(cache: Map<number, Promise<T>>, table: number, read: () => Promise<T>): Promise<T> {
    const known = cache.get(table);
    if (known) return known;
    const found = read();
    cache.set(table, found);
    // What could not be read is asked for again.
    found.catch(() => cache.delete(table));
    return found;
  }
}
