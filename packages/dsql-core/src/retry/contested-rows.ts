import { followErrors } from "./classify-error.ts";

/** Rows of a cluster. */
export interface ContestedRows {
  cluster: string;
  /** By names that are the same for all who write the row; each once, and sorted, so that all wait for them in one order. */
  rows: readonly string[];
}

/** What a conflict was about, by its error. Nothing of it shows in the error, because rows are named by users' values. */
const contested = new WeakMap<object, () => ContestedRows>();

/**
 * Notes which rows a transaction had written when it met a conflict, so that its retries take turns with those of others
 * that lost over the same rows. Pools and clients of this package do so for every statement that names its rows by value.
 */
export function noteContestedRows(error: object, cluster: string, rows: () => readonly string[]): void {
  contested.set(error, () => ({ cluster, rows: [...new Set(rows())].sort() }));
}

/** The rows that a conflict was about; undefined where nobody has noted them. */
export function contestedRowsOf(error: unknown): ContestedRows | undefined {
  const found = followErrors<(() => ContestedRows) | undefined>(error, (link) => contested.get(link), {
    ranks: (rows) => (rows === undefined ? 0 : 1),
    nothing: undefined,
  });
  return found?.();
}
