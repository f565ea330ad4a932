/**
 * Identifies a row without a primary key by its first ctid: each UPDATE moves the row to another ctid, so that transactions
 * with different snapshots see it at different ctids.
 */
export class RowIds {
  readonly #first = new Map<string, string>();

  /** The ctid that identifies the row that is at `ctid` now. */
  firstOf(table: number, ctid: string): string {
    return this.#first.get(`${table} ${ctid}`) ?? ctid;
  }

  /** To be called when a commit has moved a row. */
  moved(row: { table: number; from: string; to: string }): void {
    this.#first.set(`${row.table} ${row.to}`, this.firstOf(row.table, row.from));
  }

  /** To be called when no transaction is open: from then on every row is identified by its current ctid. */
  clear(): void {
    this.#first.clear();
  }
}
