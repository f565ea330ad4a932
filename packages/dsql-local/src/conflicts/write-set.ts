import type { ZonedValues } from "./key-values.ts";
import type { Marks } from "./marks.ts";
import type { KnownChange } from "./row-change.ts";
import type { RowIds } from "./row-ids.ts";
import {
  changesKey,
  markChange,
  markRead,
  primaryKeyOf,
  primaryName,
  type ReadRow,
  type Row,
} from "./row-marks.ts";
import { parseRowText } from "./row-text.ts";
import type { TableFacts } from "./table-facts.ts";

/** A step that replays a change of one row; `base` is the row as the transaction's snapshot sees it: its text and ctid. */
export interface ReplayStep {
  op: "I" | "U" | "D";
  table: number;
  base?: { row: string; ctid?: string | undefined };
  row?: string;
}

interface OwnRow {
  table: number;
  /** The row in the snapshot, with its ctid if there is no primary key; absent for a row that the transaction inserted. */
  base?: { row: string; ctid?: string | undefined };
  /** Its current text; absent once it is deleted. */
  image?: string | undefined;
  /** Whether the image contains only what identifies the row. */
  isPartial?: boolean;
}

/**
 * What a transaction has written: the marks by which conflicts are found, and the current state of its rows.
 *
 * The rows of a change are read when they are first needed, which is never if no other transaction was open.
 */
export class WriteSet {
  readonly #rowIds: RowIds | undefined;
  readonly #marks: Marks = new Map();
  /** Changes whose rows have not been read yet. */
  #unread: { change: KnownChange; zoned: ZonedValues | undefined }[] = [];
  /** Number of changed rows; a row counts once for each change. The limit is 3,000. */
  changedRows = 0;
  /** Bytes of the changed rows' text, an approximation of DSQL's 10 MiB. */
  bytes = 0;
  /** Assigned by PostgreSQL at the first change. */
  transactionId: number | undefined;
  /** Whether a foreign key from or to a written table may be deferred to COMMIT. */
  hasDeferrable = false;
  /** Whether the rows are known in full, as {@link replaySteps} needs them. */
  isWhole = true;
  #facts = new Map<number, TableFacts>();
  readonly #rows = new Set<OwnRow>();
  /** Rows by their current identity: the primary key's value, or the ctid. */
  #byId = new Map<string, OwnRow>();

  /** @param rowIds the identities of rows without a primary key that commits have moved. */
  constructor(rowIds?: RowIds) {
    this.#rowIds = rowIds;
  }

  get isEmpty(): boolean {
    this.#readChanges();
    return this.#rows.size === 0;
  }

  get marks(): Marks {
    this.#readChanges();
    return this.#marks;
  }

  get hasMarks(): boolean {
    return this.#unread.length > 0 || this.#marks.size > 0;
  }

  /** Adds what a statement has done to one table. */
  add(change: KnownChange, zoned?: ZonedValues): void {
    const { table, facts } = change;
    this.transactionId = change.transactionId;
    this.hasDeferrable ||= facts.hasDeferrable;
    this.changedRows += change.rowCount;
    this.bytes += change.bytes;
    this.isWhole &&= change.isWhole;
    this.#facts.set(table, facts);
    this.#unread.push({ change, zoned });
    // Later, something else may identify a row without a primary key.
    if (!primaryKeyOf(facts)) this.#readChanges();
  }

  #readChanges(): void {
    if (this.#unread.length === 0) return;
    const unread = this.#unread;
    this.#unread = [];
    for (const { change, zoned } of unread) this.#read(change, zoned);
  }

  #read(change: KnownChange, zoned: ZonedValues | undefined): void {
    const { table, facts, op, isWhole } = change;
    const added: [string, OwnRow][] = [];
    for (const { oldRow, newRow, oldCtid, newCtid } of change.rows()) {
      const before = op === "I" ? undefined : parseRowText(oldRow, facts.width);
      const after = op === "D" ? undefined : parseRowText(newRow, facts.width);
      const hasNewKey = before !== undefined && after !== undefined && changesKey(facts, before, after);
      const name = primaryName(facts, (before ?? after) as Row);
      const row = this.#take(table, before && `${table} ${name ?? oldCtid}`);
      if (before && !row.image && !row.base) row.base = { row: oldRow, ctid: oldCtid };
      const rowId = this.#firstCtid(table, row.base?.ctid);
      markChange(this.#marks, { table, facts, before, after, rowId, name, hasNewKey }, zoned);
      if (after) {
        row.image = newRow;
        row.isPartial = !isWhole;
        added.push([`${table} ${(hasNewKey ? primaryName(facts, after) : name) ?? newCtid}`, row]);
      } else {
        row.image = undefined;
        if (!row.base) this.#rows.delete(row);
      }
    }
    // Only after the loop, since one statement may move a key from one row to another.
    for (const [id, row] of added) this.#byId.set(id, row);
  }

  /** The rows of which only the keys are known, by table; {@link complete} must be called with their full texts. */
  partialRows(): Map<number, string[]> {
    const partial = new Map<number, string[]>();
    for (const { table, image } of this.#partial()) {
      const rows = partial.get(table) ?? [];
      rows.push(image as string);
      partial.set(table, rows);
    }
    return partial;
  }

  /** Sets the full texts of a table's {@link partialRows}, in the same order. */
  complete(table: number, images: readonly string[]): void {
    let next = 0;
    for (const row of this.#partial()) {
      if (row.table !== table) continue;
      row.image = images[next++];
      row.isPartial = false;
    }
  }

  #partial(): OwnRow[] {
    this.#readChanges();
    return [...this.#rows].filter(({ isPartial, image }) => isPartial && image !== undefined);
  }

  /** Marks a row that a locking read has read. */
  read({ table, ctid, text }: ReadRow, facts: TableFacts, bits: number): void {
    this.#readChanges();
    const row = parseRowText(text, facts.width);
    const own = this.#byId.get(idOf(table, facts, row, ctid));
    const rowId = this.#firstCtid(table, own ? own.base?.ctid : ctid);
    markRead(this.#marks, { facts, table, row, rowId }, bits);
  }

  /** The tables that were written. */
  get tables(): readonly number[] {
    this.#readChanges();
    return [...new Set([...this.#rows].map((row) => row.table))];
  }

  /** A copy; additions to it do not change this one. */
  copy(): WriteSet {
    const copy = new WriteSet(this.#rowIds);
    for (const [key, bits] of this.marks) copy.#marks.set(key, bits);
    copy.changedRows = this.changedRows;
    copy.bytes = this.bytes;
    copy.transactionId = this.transactionId;
    copy.hasDeferrable = this.hasDeferrable;
    copy.isWhole = this.isWhole;
    copy.#facts = new Map(this.#facts);
    const copies = new Map<OwnRow, OwnRow>();
    for (const row of this.#rows) copies.set(row, { ...row });
    for (const row of copies.values()) copy.#rows.add(row);
    for (const [id, row] of this.#byId) {
      const own = copies.get(row);
      if (own) copy.#byId.set(id, own);
    }
    return copy;
  }

  /** Rows without a primary key that have moved: their ctids in the snapshot and now. */
  *movedRows(): Generator<{ table: number; from: string; to: string }> {
    for (const [id, { table, base }] of this.#byId) {
      if (base?.ctid !== undefined) yield { table, from: base.ctid, to: id.slice(id.indexOf(" ") + 1) };
    }
  }

  /** The steps that turn the rows that the snapshot sees into the current ones: deletions, updates, insertions. */
  replaySteps(): ReplayStep[] {
    return this.#plan().map(({ step }) => step);
  }

  /** Records the ctids that the replay has given rows without a primary key, by the indexes of the steps. */
  moved(ctids: ReadonlyMap<number, string>): void {
    const moved = new Map<string, OwnRow>();
    this.#plan().forEach(({ step, row }, i) => {
      const ctid = ctids.get(i);
      if (step.op !== "D" && ctid !== undefined) moved.set(`${step.table} ${ctid}`, row);
    });
    for (const [id, row] of this.#byId) {
      if (primaryKeyOf(this.#facts.get(row.table) as TableFacts)) moved.set(id, row);
    }
    this.#byId = moved;
  }

  #firstCtid(table: number, ctid: string | undefined): string | undefined {
    return ctid === undefined ? undefined : (this.#rowIds?.firstOf(table, ctid) ?? ctid);
  }

  /** Removes and returns the row with that identity, which is about to change; returns a new one if there is none. */
  #take(table: number, id: string | undefined): OwnRow {
    const known = id === undefined ? undefined : this.#byId.get(id);
    if (known) {
      this.#byId.delete(id as string);
      return known;
    }
    const row: OwnRow = { table };
    this.#rows.add(row);
    return row;
  }

  #plan(): { step: ReplayStep; row: OwnRow }[] {
    this.#readChanges();
    const deletions: { step: ReplayStep; row: OwnRow }[] = [];
    const updates: typeof deletions = [];
    const insertions: typeof deletions = [];
    for (const row of this.#rows) {
      const { table, base, image } = row;
      if (base && image !== undefined && this.#canUpdate(table, base.row, image)) {
        updates.push({ row, step: { op: "U", table, base, row: image } });
        continue;
      }
      // A row whose key has changed is deleted and inserted again, so that rows can exchange their keys.
      if (base) deletions.push({ row, step: { op: "D", table, base } });
      if (image !== undefined) insertions.push({ row, step: { op: "I", table, row: image } });
    }
    return [...deletions, ...updates, ...insertions];
  }

  #canUpdate(table: number, before: string, after: string): boolean {
    const facts = this.#facts.get(table) as TableFacts;
    const [old, now] = [parseRowText(before, facts.width), parseRowText(after, facts.width)];
    return !changesKey(facts, old, now) && facts.identities.every((column) => old[column] === now[column]);
  }
}

function idOf(table: number, facts: TableFacts, row: Row, ctid: string | undefined): string {
  return `${table} ${primaryName(facts, row) ?? ctid}`;
}
