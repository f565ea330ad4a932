/**
 * Snapshot isolation with first-committer-wins, as the DSQL user guide tells it, over a few small tables: what
 * dsql-local is held against. It knows nothing of locks: each transaction works on a copy of what was committed when it
 * took its snapshot, and COMMIT compares what it has touched with what was committed since.
 */
export type TableName = "parent" | "child" | "kid" | "ward" | "loose";
export type Row = Record<string, number | null>;
/** A row keeps its identity through updates; the number is never reused. */
export type Database = Record<TableName, Map<number, Row>>;

/** What a statement answers: its rows, sorted, or an SQLSTATE. */
export type Outcome = { rows: string[] } | { sqlstate: string };

type Touch = "exclusive" | "update" | "key-share";
type Touches = Map<string, Set<Touch>>;

interface ForeignKey {
  child: TableName;
  column: string;
  parentColumn: string;
  onDelete: "restrict" | "cascade" | "set-null";
  onUpdate: "restrict" | "cascade";
}

const FOREIGN_KEYS: readonly ForeignKey[] = [
  { child: "child", column: "parent_id", parentColumn: "id", onDelete: "restrict", onUpdate: "restrict" },
  { child: "kid", column: "parent_id", parentColumn: "id", onDelete: "cascade", onUpdate: "restrict" },
  { child: "ward", column: "parent_code", parentColumn: "code", onDelete: "set-null", onUpdate: "cascade" },
];
/** Columns with a unique value each. */
const UNIQUE: Record<TableName, readonly string[]> = {
  parent: ["id", "code"],
  child: ["id"],
  kid: ["id"],
  ward: ["id"],
  loose: [],
};

class Failure extends Error {
  readonly sqlstate: string;
  constructor(sqlstate: string) {
    super(sqlstate);
    this.sqlstate = sqlstate;
  }
}

function copyOf(database: Database): Database {
  const copy = {} as Database;
  for (const name of Object.keys(database) as TableName[]) {
    copy[name] = new Map([...database[name]].map(([identity, row]) => [identity, { ...row }]));
  }
  return copy;
}

export const printRow = (row: Row): string =>
  JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));

/** What is committed, and what each commit has touched. */
export class ReferenceCluster {
  committed: Database = {
    parent: new Map(),
    child: new Map(),
    kid: new Map(),
    ward: new Map(),
    loose: new Map(),
  };
  readonly log: Touches[] = [];
  #identities = 0;

  nextIdentity(): number {
    return ++this.#identities;
  }
}

/** One transaction of the reference. */
export class ReferenceTransaction {
  readonly #cluster: ReferenceCluster;
  #base: Database | undefined;
  #own: Database | undefined;
  #begunAt = 0;
  #failed = false;
  readonly #touches: Touches = new Map();

  constructor(cluster: ReferenceCluster) {
    this.#cluster = cluster;
  }

  run(statement: (tables: ReferenceTransaction) => Row[]): Outcome {
    if (this.#failed) return { sqlstate: "25P02" };
    if (!this.#own) {
      this.#base = copyOf(this.#cluster.committed);
      this.#own = copyOf(this.#cluster.committed);
      this.#begunAt = this.#cluster.log.length;
    }
    try {
      return { rows: statement(this).map(printRow).sort() };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#failed = true;
      return { sqlstate: error.sqlstate };
    }
  }

  commit(): "COMMIT" | "ROLLBACK" | "40001" {
    if (this.#failed) return "ROLLBACK";
    if (!this.#own || this.#touches.size === 0) return "COMMIT";
    const { log } = this.#cluster;
    if (log.slice(this.#begunAt).some((other) => conflict(this.#touches, other))) return "40001";
    this.#merge();
    log.push(this.#touches);
    return "COMMIT";
  }

  rows(table: TableName, where: (row: Row) => boolean): Row[] {
    return [...this.#table(table).values()].filter(where);
  }

  /** FOR UPDATE and FOR KEY SHARE. */
  lock(table: TableName, where: (row: Row) => boolean, touch: "exclusive" | "key-share"): Row[] {
    const found = [...this.#table(table)].filter(([, row]) => where(row));
    for (const [identity, row] of found) this.#touchRow(table, identity, row, touch);
    return found.map(([, row]) => row);
  }

  insert(table: TableName, row: Row): Row[] {
    const identity = this.#cluster.nextIdentity();
    this.#checkUnique(table, row, identity);
    this.#table(table).set(identity, row);
    this.#touchRow(table, identity, row, "exclusive");
    this.#holdParents(table, row);
    return [row];
  }

  update(table: TableName, where: (row: Row) => boolean, change: (row: Row) => Row): Row[] {
    const found = [...this.#table(table)].filter(([, row]) => where(row));
    return found.map(([identity, before]) => this.#change(table, identity, before, change(before)));
  }

  delete(table: TableName, where: (row: Row) => boolean): Row[] {
    const found = [...this.#table(table)].filter(([, row]) => where(row));
    for (const [identity, row] of found) this.#remove(table, identity, row);
    for (const [, row] of found) this.#checkNobodyRefers(table, row);
    return found.map(([, row]) => row);
  }

  #table(name: TableName): Map<number, Row> {
    return (this.#own as Database)[name];
  }

  #change(table: TableName, identity: number, before: Row, after: Row): Row {
    this.#checkUnique(table, after, identity);
    this.#table(table).set(identity, after);
    const changesKey = UNIQUE[table].some((column) => before[column] !== after[column]);
    if (changesKey) {
      this.#touchRow(table, identity, before, "exclusive");
      this.#touchRow(table, identity, after, "exclusive");
    } else {
      this.#touch(rowName(table, identity, before), "update");
    }
    this.#holdParents(table, after, before);
    if (table === "parent") this.#followUpdate(before, after);
    return after;
  }

  #followUpdate(before: Row, after: Row): void {
    for (const { child, column, parentColumn, onUpdate } of FOREIGN_KEYS) {
      const old = before[parentColumn];
      if (old === after[parentColumn]) continue;
      if (onUpdate === "cascade") {
        this.update(
          child,
          (row) => row[column] === old,
          (row) => ({ ...row, [column]: after[parentColumn] as number }),
        );
      } else if (this.rows(child, (row) => row[column] === old).length > 0) {
        throw new Failure("23503");
      }
    }
  }

  #remove(table: TableName, identity: number, row: Row): void {
    this.#table(table).delete(identity);
    this.#touchRow(table, identity, row, "exclusive");
    if (table !== "parent") return;
    for (const { child, column, parentColumn, onDelete } of FOREIGN_KEYS) {
      const refers = (other: Row): boolean => other[column] === row[parentColumn];
      if (onDelete === "cascade") this.delete(child, refers);
      if (onDelete === "set-null") this.update(child, refers, (other) => ({ ...other, [column]: null }));
    }
  }

  #checkNobodyRefers(table: TableName, row: Row): void {
    if (table !== "parent") return;
    for (const { child, column, parentColumn, onDelete } of FOREIGN_KEYS) {
      if (
        onDelete === "restrict" &&
        this.rows(child, (other) => other[column] === row[parentColumn]).length > 0
      ) {
        throw new Failure("23503");
      }
    }
  }

  #checkUnique(table: TableName, row: Row, identity: number): void {
    for (const column of UNIQUE[table]) {
      for (const [other, existing] of this.#table(table)) {
        if (other !== identity && existing[column] === row[column]) throw new Failure("23505");
      }
    }
  }

  /** A row with a foreign key needs its parent, and holds it as FOR KEY SHARE does. */
  #holdParents(table: TableName, row: Row, before?: Row): void {
    for (const { child, column, parentColumn } of FOREIGN_KEYS) {
      const value = row[column];
      if (child !== table || value === null || value === undefined || value === before?.[column]) continue;
      if (this.rows("parent", (parent) => parent[parentColumn] === value).length === 0)
        throw new Failure("23503");
      this.#touch(`parent.${parentColumn}=${value}`, "key-share");
    }
  }

  #touchRow(table: TableName, identity: number, row: Row, touch: Touch): void {
    this.#touch(rowName(table, identity, row), touch);
    for (const column of UNIQUE[table]) this.#touch(`${table}.${column}=${row[column]}`, touch);
  }

  #touch(name: string, touch: Touch): void {
    this.#touches.set(name, (this.#touches.get(name) ?? new Set()).add(touch));
  }

  #merge(): void {
    for (const table of Object.keys(this.#cluster.committed) as TableName[]) {
      const before = (this.#base as Database)[table];
      const after = this.#table(table);
      const target = this.#cluster.committed[table];
      for (const [identity, row] of after) {
        if (!before.has(identity) || printRow(before.get(identity) as Row) !== printRow(row))
          target.set(identity, { ...row });
      }
      for (const identity of before.keys()) if (!after.has(identity)) target.delete(identity);
    }
  }
}

const rowName = (table: TableName, identity: number, row: Row): string =>
  UNIQUE[table].length > 0 ? `${table}.id=${row.id}` : `${table}#${identity}`;

function conflict(a: Touches, b: Touches): boolean {
  for (const [name, touches] of a) {
    for (const one of touches) {
      for (const other of b.get(name) ?? []) {
        if (one === "exclusive" || other === "exclusive" || (one === "update" && other === "update"))
          return true;
      }
    }
  }
  return false;
}
