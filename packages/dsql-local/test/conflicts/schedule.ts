import type { ReferenceTransaction, Row, TableName } from "./reference-model.ts";

/** One step of a schedule: what a session does. */
export type Step =
  | { session: number; kind: "begin" | "commit" | "rollback" }
  | { session: number; kind: "statement"; sql: string; run: (tables: ReferenceTransaction) => Row[] };

/** Numbers from a seed, the same on every machine (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export const SCHEMA: readonly string[] = [
  "CREATE TABLE parent (id int PRIMARY KEY, code int UNIQUE, v int)",
  "CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent, v int)",
  "CREATE TABLE kid (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE, v int)",
  `CREATE TABLE ward (id int PRIMARY KEY,
     parent_code int REFERENCES parent (code) ON DELETE SET NULL ON UPDATE CASCADE, v int)`,
  "CREATE TABLE loose (k int, v int)",
];

/** The rows that every schedule begins with. */
export const INITIAL: readonly [TableName, Row][] = [
  ["parent", { id: 1, code: 1, v: 0 }],
  ["parent", { id: 2, code: 2, v: 0 }],
  ["child", { id: 1, parent_id: 1, v: 0 }],
  ["kid", { id: 1, parent_id: 1, v: 0 }],
  ["ward", { id: 1, parent_code: 2, v: 0 }],
  ["loose", { k: 1, v: 0 }],
  ["loose", { k: 1, v: 5 }],
  ["loose", { k: 2, v: 0 }],
];

const TABLES: readonly TableName[] = ["parent", "child", "kid", "ward", "loose"];
const PARENT_COLUMN = { child: "parent_id", kid: "parent_id", ward: "parent_code" } as const;
type Statement = Pick<Extract<Step, { kind: "statement" }>, "sql" | "run">;

export function insertSql(table: TableName, row: Row): string {
  const values = Object.values(row).map((value) => value ?? "NULL");
  return `INSERT INTO ${table} (${Object.keys(row)}) VALUES (${values})`;
}

/** A schedule of 2 to 4 transactions, and of statements that commit themselves, over a few rows. */
export function makeSchedule(seed: number): Step[] {
  const random = randomFrom(seed);
  const sessions = 2 + random(3);
  const open = new Array<boolean>(sessions).fill(false);
  const steps: Step[] = [];
  for (let length = 6 + random(16); length > 0; length--) {
    const session = random(sessions);
    if (!open[session] && random(4) > 0) {
      open[session] = true;
      steps.push({ session, kind: "begin" });
      continue;
    }
    const ends = open[session] && random(6) === 0;
    if (ends) {
      open[session] = false;
      steps.push({ session, kind: random(5) === 0 ? "rollback" : "commit" });
    } else {
      steps.push({ session, kind: "statement", ...makeStatement(random) });
    }
  }
  for (let session = 0; session < sessions; session++)
    if (open[session]) steps.push({ session, kind: "commit" });
  return steps;
}

function makeStatement(random: (below: number) => number): Statement {
  const table = TABLES[random(TABLES.length)] as TableName;
  const key = table === "loose" ? "k" : "id";
  const value = 1 + random(3);
  const isIt = (row: Row): boolean => row[key] === value;
  const where = ` WHERE ${key} = ${value}`;
  switch (random(10)) {
    case 0:
      return { sql: `SELECT * FROM ${table}`, run: (tables) => tables.rows(table, () => true) };
    case 1:
      return {
        sql: `SELECT * FROM ${table}${where} FOR UPDATE`,
        run: (tables) => tables.lock(table, isIt, "exclusive"),
      };
    case 2:
      return {
        sql: `SELECT * FROM ${table}${where} FOR KEY SHARE`,
        run: (tables) => tables.lock(table, isIt, "key-share"),
      };
    case 3:
    case 4:
      return makeInsert(table, value, random);
    case 5:
      return {
        sql: `DELETE FROM ${table}${where} RETURNING *`,
        run: (tables) => tables.delete(table, isIt),
      };
    case 6:
      return makeKeyUpdate(table, value, 1 + random(3));
    case 7: {
      const change = (row: Row): Row => ({ ...row, v: Number(row.v) + 10 });
      return {
        sql: `UPDATE ${table} SET v = v + 10 RETURNING *`,
        run: (tables) => tables.update(table, () => true, change),
      };
    }
    default: {
      const change = (row: Row): Row => ({ ...row, v: Number(row.v) + 1 });
      return {
        sql: `UPDATE ${table} SET v = v + 1${where} RETURNING *`,
        run: (tables) => tables.update(table, isIt, change),
      };
    }
  }
}

function makeInsert(table: TableName, id: number, random: (below: number) => number): Statement {
  const other = 1 + random(3);
  let row: Row = { k: id, v: other };
  if (table === "parent") row = { id, code: other, v: 100 };
  else if (table !== "loose") row = { id, [PARENT_COLUMN[table]]: random(5) === 0 ? null : other, v: 100 };
  const sql = insertSql(table, row);
  if (table === "loose" || random(4) > 0) {
    return { sql: `${sql} RETURNING *`, run: (tables) => tables.insert(table, { ...row }) };
  }
  const exists = (existing: Row): boolean => existing.id === id;
  if (random(2) === 0) {
    return {
      sql: `${sql} ON CONFLICT (id) DO NOTHING RETURNING *`,
      run: (tables) => (tables.rows(table, exists).length > 0 ? [] : tables.insert(table, { ...row })),
    };
  }
  const change = (existing: Row): Row => ({ ...existing, v: Number(existing.v) + 1000 });
  return {
    sql: `${sql} ON CONFLICT (id) DO UPDATE SET v = ${table}.v + 1000 RETURNING *`,
    run: (tables) =>
      tables.rows(table, exists).length > 0
        ? tables.update(table, exists, change)
        : tables.insert(table, { ...row }),
  };
}

/** A unique column of the parent, a foreign key of the others. */
function makeKeyUpdate(table: TableName, id: number, value: number): Statement {
  const key = table === "loose" ? "k" : "id";
  const column = table === "parent" ? "code" : table === "loose" ? "k" : PARENT_COLUMN[table];
  return {
    sql: `UPDATE ${table} SET ${column} = ${value} WHERE ${key} = ${id} RETURNING *`,
    run: (tables) =>
      tables.update(
        table,
        (row) => row[key] === id,
        (row) => ({ ...row, [column]: value }),
      ),
  };
}
