/**
 * How a transaction has touched a row or a unique value; a key may carry several.
 *
 * The matrix is the one of the DSQL user guide, "Concurrency control": INSERT, DELETE, an UPDATE of a key column and FOR
 * UPDATE conflict with everything; an UPDATE of other columns with its like; FOR KEY SHARE with the first group alone.
 */
export const KEY_SHARE = 1;
export const UPDATE = 2;
export const EXCLUSIVE = 4;

/** What a transaction has touched: the name of a row or of a unique value -> bits. */
export type Marks = Map<string, number>;

export function addMark(marks: Marks, key: string, bits: number): void {
  marks.set(key, (marks.get(key) ?? 0) | bits);
}

export const bitsConflict = (a: number, b: number): boolean =>
  ((a | b) & EXCLUSIVE) !== 0 || (a & b & UPDATE) !== 0;

export function marksConflict(a: Marks, b: Marks): boolean {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  for (const [key, bits] of few) {
    const others = many.get(key);
    if (others !== undefined && bitsConflict(bits, others)) return true;
  }
  return false;
}
