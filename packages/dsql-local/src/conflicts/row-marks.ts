import { addMark, EXCLUSIVE, KEY_SHARE, type Marks, RELEASED, REMOVED, UPDATE } from "./marks.ts";
import type { RowChange } from "./row-change.ts";
import { parseRowText } from "./row-text.ts";
import type { TableFacts, UniqueKey } from "./table-facts.ts";

type Row = readonly (string | null)[];

/** The name of a unique value, or undefined where a null in it makes it equal to none. */
function uniqueName(
  index: number,
  columns: readonly number[],
  row: Row,
  nullsNotDistinct: boolean,
): string | undefined {
  const values = columns.map((column) => row[column] ?? null);
  if (!nullsNotDistinct && values.includes(null)) return undefined;
  return `${index}:${JSON.stringify(values)}`;
}

const nameBy = (key: UniqueKey, row: Row): string | undefined =>
  uniqueName(key.index, key.columns, row, key.nullsNotDistinct);

/** What a row is called by; a row that is new and has no primary key is known to its own transaction alone. */
interface RowNames {
  facts: TableFacts;
  table: number;
  row: Row;
  /** Where the row stood at the snapshot; absent where it is the transaction's own. */
  place: string | undefined;
}

/** The name of the row itself: its primary key's value, or where a row without one stood at the snapshot. */
function rowName({ facts, table, row, place }: RowNames): string | undefined {
  const primary = facts.keys.find((key) => key.isPrimary);
  if (primary) return nameBy(primary, row);
  return place === undefined ? undefined : `${table}:${place}`;
}

/** Every name that a row has. */
function namesOf(names: RowNames): string[] {
  const all = [rowName(names), ...names.facts.keys.map((key) => nameBy(key, names.row))];
  return all.filter((name) => name !== undefined);
}

/** A child row holds its parents: each is marked as FOR KEY SHARE would. One that no longer does has released them. */
function markParents(marks: Marks, facts: TableFacts, before: Row | undefined, after: Row | undefined): void {
  for (const { parentIndex, columns } of facts.foreignKeys) {
    const old = before && uniqueName(parentIndex, columns, before, false);
    const now = after && uniqueName(parentIndex, columns, after, false);
    if (old === now) continue;
    if (old !== undefined) addMark(marks, old, RELEASED);
    if (now !== undefined) addMark(marks, now, KEY_SHARE);
  }
}

/** Whether an UPDATE has changed a member of a unique key. */
export function changesKey(facts: TableFacts, before: Row, after: Row): boolean {
  return facts.keys.some((key) => key.columns.some((column) => before[column] !== after[column]));
}

/** Marks what one changed row touches. `place` is where it stood at the transaction's snapshot. */
export function markChange(
  marks: Marks,
  facts: TableFacts,
  change: RowChange,
  place: string | undefined,
): void {
  const { table } = change;
  const before = change.op === "I" ? undefined : parseRowText(change.oldRow);
  const after = change.op === "D" ? undefined : parseRowText(change.newRow);
  if (before && after && !changesKey(facts, before, after)) {
    const name = rowName({ facts, table, row: before, place });
    if (name !== undefined) addMark(marks, name, UPDATE);
  } else {
    const now = after ? namesOf({ facts, table, row: after, place }) : [];
    for (const name of before ? namesOf({ facts, table, row: before, place }) : []) {
      addMark(marks, name, now.includes(name) ? EXCLUSIVE : EXCLUSIVE | REMOVED);
    }
    for (const name of now) addMark(marks, name, EXCLUSIVE);
  }
  markParents(marks, facts, before, after);
}

/** A row that a locking read has read: `oid ctid row-text`. */
export interface ReadRow {
  table: number;
  place: string;
  text: string;
}

export function parseReadRow(text: string): ReadRow {
  const [table = "", place = ""] = text.split(" ", 2);
  return { table: Number(table), place, text: text.slice(table.length + place.length + 2) };
}

/** Marks a row that FOR UPDATE or FOR KEY SHARE has read. */
export function markRead(
  marks: Marks,
  facts: TableFacts,
  { table, text, place }: Omit<ReadRow, "place"> & { place: string | undefined },
  bits: number,
): void {
  const names = { facts, table, row: parseRowText(text), place };
  for (const name of namesOf(names)) addMark(marks, name, bits);
}
