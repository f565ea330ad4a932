import { followErrors } from "./classify-error.ts";

/** Rows of a cluster. */
export interface ContestedRows {
  cluster: string;
  /**
   * Their names, which are the same for every transaction that writes the row. Each occurs once, and they are sorted, so
   * that all transactions wait for them in one order.
   */
  rows: readonly string[];
}

/** The rows of a conflict, by its error. They are not properties of the error, because their names contain users' data. */
const contested = new WeakMap<object, () => ContestedRows>();

/**
 * Records which rows a transaction had written when it met a conflict, so that its retries take turns with those of others
 * that lost over the same rows. Pools and clients of this package do this for every statement that names its rows by value.
 */
export function noteContestedRows(error: object, cluster: string, rows: () => readonly string[]): void {
  contested.set(error, () => ({ cluster, rows: [...new Set(rows())].sort() }));
}

/** The rows of a conflict; undefined if they were not recorded. */
export function contestedRowsOf(error: unknown): ContestedRows | undefined {
  const found = followErrors<(() => ContestedRows) | undefined>(error, (link) => contested.get(link), {
    ranks: (rows) => (rows === undefined ? 0 : 1),
    nothing: undefined,
  });
  return found?.();
}
