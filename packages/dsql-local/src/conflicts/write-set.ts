import type { Marks } from "./marks.ts";
import type { PlaceNames } from "./place-names.ts";
import type { RowChange } from "./row-change.ts";
import { changesKey, markChange, markRead, type ReadRow } from "./row-marks.ts";
import { parseRowText } from "./row-text.ts";
import type { TableFacts } from "./table-facts.ts";

/** A step that writes a row again; `at` is the place of the version that the transaction's snapshot sees. */
export interface ReplayStep {
  op: "I" | "U" | "D";
  table: number;
  at?: string | undefined;
  row?: string | undefined;
}

interface OwnRow {
  table: number;
  /** Where the row stood at the snapshot, and what it said; absent for a row of the transaction's own. */
  base?: { place: string; row: string };
  /** What it says now; absent once it is deleted. */
  image?: string | undefined;
}

/** What a transaction has written: the marks by which conflicts are found, and its rows as they are now. */
export class WriteSet {
  readonly #names: PlaceNames | undefined;
  readonly marks: Marks = new Map();
  /** Rows that were changed, each change counted; the limit is 3,000. */
  changedRows = 0;
  /** Bytes of the changed rows' text, an approximation of DSQL's 10 MiB. */
  bytes = 0;
  /** Given by PostgreSQL with the first change. */
  transactionId: number | undefined;
  #facts = new Map<number, TableFacts>();
  readonly #rows = new Set<OwnRow>();
  #byPlace = new Map<string, OwnRow>();

  /** @param names what rows without a primary key are called, where commits have moved them since. */
  constructor(names?: PlaceNames) {
    this.#names = names;
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  add(change: RowChange, facts: TableFacts): void {
    this.transactionId = change.transactionId;
    this.changedRows++;
    this.bytes += Buffer.byteLength(change.newRow || change.oldRow);
    this.#facts.set(change.table, facts);
    const row = this.#rowOf(change);
    markChange(this.marks, facts, change, this.#nameOf(change.table, row.base?.place));
    if (change.op === "D") {
      row.image = undefined;
      if (!row.base) this.#rows.delete(row);
      return;
    }
    row.image = change.newRow;
    this.#byPlace.set(`${change.table} ${change.newPlace}`, row);
  }

  /** Marks a row that was read for a lock. */
  read(row: ReadRow, facts: TableFacts, bits: number): void {
    const own = this.#byPlace.get(`${row.table} ${row.place}`);
    const place = own ? own.base?.place : row.place;
    markRead(this.marks, facts, { ...row, place: this.#nameOf(row.table, place) }, bits);
  }

  /** The tables that were written. */
  get tables(): readonly number[] {
    return [...new Set([...this.#rows].map((row) => row.table))];
  }

  /** The same, to be added to without a trace in this one. */
  copy(): WriteSet {
    const copy = new WriteSet(this.#names);
    for (const [key, bits] of this.marks) copy.marks.set(key, bits);
    copy.changedRows = this.changedRows;
    copy.bytes = this.bytes;
    copy.transactionId = this.transactionId;
    copy.#facts = new Map(this.#facts);
    const copies = new Map<OwnRow, OwnRow>();
    for (const row of this.#rows) copies.set(row, { ...row });
    for (const row of copies.values()) copy.#rows.add(row);
    for (const [place, row] of this.#byPlace) {
      const own = copies.get(row);
      if (own) copy.#byPlace.set(place, own);
    }
    return copy;
  }

  /** Where rows without a primary key have gone: their places at the snapshot and now. */
  *movedRows(): Generator<{ table: number; from: string; to: string }> {
    for (const [key, { table, base }] of this.#byPlace) {
      const hasPrimaryKey = this.#facts.get(table)?.keys.some(({ isPrimary }) => isPrimary);
      if (base && !hasPrimaryKey) yield { table, from: base.place, to: key.slice(key.indexOf(" ") + 1) };
    }
  }

  /** The steps that bring the rows as the snapshot sees them to what they are now: deletions, updates, insertions. */
  replaySteps(): ReplayStep[] {
    return this.#plan().map(({ step }) => step);
  }

  /** Takes note of where the replayed steps have put the rows. */
  moved(places: readonly string[]): void {
    this.#byPlace = new Map();
    this.#plan().forEach(({ step, row }, i) => {
      if (step.op !== "D") this.#byPlace.set(`${step.table} ${places[i]}`, row);
    });
  }

  #nameOf(table: number, place: string | undefined): string | undefined {
    return place === undefined ? undefined : (this.#names?.nameOf(table, place) ?? place);
  }

  #rowOf(change: RowChange): OwnRow {
    const key = `${change.table} ${change.oldPlace}`;
    const known = change.op === "I" ? undefined : this.#byPlace.get(key);
    if (known) {
      this.#byPlace.delete(key);
      return known;
    }
    const row: OwnRow = { table: change.table };
    if (change.op !== "I") row.base = { place: change.oldPlace, row: change.oldRow };
    this.#rows.add(row);
    return row;
  }

  #plan(): { step: ReplayStep; row: OwnRow }[] {
    const deletions: { step: ReplayStep; row: OwnRow }[] = [];
    const updates: typeof deletions = [];
    const insertions: typeof deletions = [];
    for (const row of this.#rows) {
      const { table, base, image } = row;
      if (base && image !== undefined && !this.#keyChanged(table, base.row, image)) {
        updates.push({ row, step: { op: "U", table, at: base.place, row: image } });
        continue;
      }
      // A changed key is taken out and put in again, so that rows can exchange their keys.
      if (base) deletions.push({ row, step: { op: "D", table, at: base.place } });
      if (image !== undefined) insertions.push({ row, step: { op: "I", table, row: image } });
    }
    return [...deletions, ...updates, ...insertions];
  }

  #keyChanged(table: number, before: string, after: string): boolean {
    return changesKey(this.#facts.get(table) as TableFacts, parseRowText(before), parseRowText(after));
  }
}
