import { keyValue, referenceValue, type ZonedValues } from "./key-values.ts";
import { addMark, EXCLUSIVE, KEY_SHARE, type Marks, RELEASED, REMOVED, UPDATE } from "./marks.ts";
import type { ForeignKey, TableFacts, UniqueKey } from "./table-facts.ts";

export type Row = readonly (string | null)[];

/** The name of a unique value; undefined if it contains a null, and so is equal to no other. */
function nameOf(key: UniqueKey, row: Row): string | undefined {
  if (key.columns.length === 1) {
    const text = row[key.columns[0] as number] ?? null;
    // A faster path, with the same result as the one for several columns.
    if (text !== null) return nameOfOne(key.index, keyValue(key.types[0] as string, text));
  }
  const values: (string | null)[] = [];
  for (let i = 0; i < key.columns.length; i++) {
    const text = row[key.columns[i] as number] ?? null;
    if (text === null && !key.nullsNotDistinct) return undefined;
    values.push(text === null ? null : keyValue(key.types[i] as string, text));
  }
  return `${key.index}:${JSON.stringify(values)}`;
}

const nameOfOne = (index: number, value: string): string =>
  /["\\]|[^ -~]/.test(value) ? `${index}:${JSON.stringify([value])}` : `${index}:["${value}"]`;

/** The name of the parent's unique value that a child refers to. */
function referenceOf(key: ForeignKey, row: Row, zoned: ZonedValues | undefined): string | undefined {
  const values: string[] = [];
  for (let i = 0; i < key.columns.length; i++) {
    const text = row[key.columns[i] as number] ?? null;
    if (text === null) return undefined;
    values.push(referenceValue(key.parentTypes[i] as string, key.types[i] as string, text, zoned));
  }
  return `${key.parentIndex}:${JSON.stringify(values)}`;
}

export const primaryKeyOf = (facts: TableFacts): UniqueKey | undefined =>
  facts.keys.find((key) => key.isPrimary);

/** The name of a row by its primary key; undefined if its table has none. */
export function primaryName(facts: TableFacts, row: Row): string | undefined {
  const primary = primaryKeyOf(facts);
  return primary && nameOf(primary, row);
}

/** What identifies a row; a new row without a primary key is known only to its own transaction. */
interface RowNames {
  facts: TableFacts;
  table: number;
  row: Row;
  /** What identifies a row without a primary key; undefined if the transaction itself has inserted the row. */
  rowId: string | undefined;
}

/** The name of the row itself: the value of its primary key, or its first ctid if it has none. */
function rowName({ facts, table, row, rowId }: RowNames): string | undefined {
  if (primaryKeyOf(facts)) return primaryName(facts, row);
  return rowId === undefined ? undefined : `${table}:${rowId}`;
}

/** All names of a row: its own, and those of its unique values. */
function allNames(names: RowNames): string[] {
  const all = [rowName(names), ...names.facts.keys.map((key) => nameOf(key, names.row))];
  return all.filter((name) => name !== undefined);
}

/** Marks the keys that a child row references as FOR KEY SHARE would, and those that it no longer references as released. */
function markParents(
  marks: Marks,
  facts: TableFacts,
  before: Row | undefined,
  after: Row | undefined,
  zoned: ZonedValues | undefined,
): void {
  for (const key of facts.foreignKeys) {
    const old = before && referenceOf(key, before, zoned);
    const now = after && referenceOf(key, after, zoned);
    if (old === now) continue;
    if (old !== undefined) addMark(marks, old, RELEASED);
    if (now !== undefined) addMark(marks, now, KEY_SHARE);
  }
}

/** Whether an UPDATE has changed a column of a unique key. */
export function changesKey(facts: TableFacts, before: Row, after: Row): boolean {
  return facts.keys.some((key) => key.columns.some((column) => before[column] !== after[column]));
}

/** One changed row, as {@link markChange} needs it. */
export interface ChangedRow {
  table: number;
  facts: TableFacts;
  before: Row | undefined;
  after: Row | undefined;
  /** What identifies a row without a primary key; undefined if the transaction itself has inserted the row. */
  rowId: string | undefined;
  /** Its name by the primary key: before the change, or after it if the row is new. */
  name: string | undefined;
  /** Whether a column of a unique key was changed; false for a new or deleted row. */
  hasNewKey: boolean;
}

/** Marks what one changed row touches. */
export function markChange(
  marks: Marks,
  { table, facts, before, after, rowId, name, hasNewKey }: ChangedRow,
  zoned?: ZonedValues,
): void {
  if (before && after && !hasNewKey) {
    const updated = name ?? rowName({ facts, table, row: before, rowId });
    if (updated !== undefined) addMark(marks, updated, UPDATE);
  } else {
    const now = after ? allNames({ facts, table, row: after, rowId }) : [];
    for (const name of before ? allNames({ facts, table, row: before, rowId }) : []) {
      addMark(marks, name, now.includes(name) ? EXCLUSIVE : EXCLUSIVE | REMOVED);
    }
    for (const name of now) addMark(marks, name, EXCLUSIVE);
  }
  if (facts.foreignKeys.length > 0) markParents(marks, facts, before, after, zoned);
}

/** A row that a locking read has read: `oid ctid row-text`; the row's text is hexadecimal unless the client's encoding is UTF-8. */
export interface ReadRow {
  table: number;
  ctid: string;
  text: string;
}

export function parseReadRow(text: string): ReadRow {
  const [table = "", ctid = ""] = text.split(" ", 2);
  const image = text.slice(table.length + ctid.length + 2);
  const isHex = image.startsWith("\\x");
  return { table: Number(table), ctid, text: isHex ? Buffer.from(image.slice(2), "hex").toString() : image };
}

/** Marks a row that FOR UPDATE or FOR KEY SHARE has read. */
export function markRead(marks: Marks, names: RowNames, bits: number): void {
  for (const name of allNames(names)) addMark(marks, name, bits);
}
