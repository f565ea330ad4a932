/**
 * How a transaction has touched a row or a unique value; one may have several marks.
 *
 * The conflict matrix is that of the DSQL user guide, "Concurrency control": INSERT, DELETE, an UPDATE of a key column and
 * FOR UPDATE conflict with everything; two UPDATEs of other columns conflict with each other; FOR KEY SHARE conflicts only
 * with the first group.
 */
export const KEY_SHARE = 1;
export const UPDATE = 2;
export const EXCLUSIVE = 4;

/** A DELETE or an UPDATE of a key has removed the value. Always set together with EXCLUSIVE; not part of the matrix. */
export const REMOVED = 8;
/** A reference to the value was removed. Not part of the matrix; see {@link marksMeet}. */
export const RELEASED = 16;

/** What a transaction has touched: the name of a row or of a unique value -> its marks, as bits. */
export type Marks = Map<string, number>;

export function addMark(marks: Marks, key: string, bits: number): void {
  marks.set(key, (marks.get(key) ?? 0) | bits);
}

const MATRIX = KEY_SHARE | UPDATE | EXCLUSIVE;

export function bitsConflict(a: number, b: number): boolean {
  if ((a & MATRIX) === 0 || (b & MATRIX) === 0) return false;
  return ((a | b) & EXCLUSIVE) !== 0 || (a & b & UPDATE) !== 0;
}

/** Whether two transactions conflict according to the matrix. */
export const marksConflict = (a: Marks, b: Marks): boolean => anyShared(a, b, bitsConflict);

/**
 * Whether the commit of `unseen` may have changed the result of what `own` has just done: they conflict, or `own` has
 * removed a key, and PostgreSQL found no row that references it because `unseen` has removed that row.
 */
export const marksMeet = (own: Marks, unseen: Marks): boolean =>
  anyShared(own, unseen, (a, b) => bitsConflict(a, b) || ((a & REMOVED) !== 0 && (b & RELEASED) !== 0));

function anyShared(a: Marks, b: Marks, test: (a: number, b: number) => boolean): boolean {
  const swapped = b.size < a.size;
  const [few, many] = swapped ? [b, a] : [a, b];
  for (const [key, bits] of few) {
    const others = many.get(key);
    if (others !== undefined && (swapped ? test(others, bits) : test(bits, others))) return true;
  }
  return false;
}
