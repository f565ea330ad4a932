/**
 * What a row without a primary key is called: the place where it stood first. Each UPDATE moves it, so that transactions
 * with different snapshots see it at different places.
 */
export class PlaceNames {
  readonly #names = new Map<string, string>();

  nameOf(table: number, place: string): string {
    return this.#names.get(`${table} ${place}`) ?? place;
  }

  /** A commit has moved a row. */
  moved(row: { table: number; from: string; to: string }): void {
    this.#names.set(`${row.table} ${row.to}`, this.nameOf(row.table, row.from));
  }

  /** No transaction is open: every row may be called by where it stands now. */
  clear(): void {
    this.#names.clear();
  }
}
