/**
 * Where a transaction's changes are:
 * - `new`: it has no snapshot yet;
 * - `in place`: in the tables, under PostgreSQL's locks;
 * - `aside`: only in its write set, because another session waited for its locks; they are replayed into the tables
 *   before its next statement;
 * - `sandbox`: in copies of the tables, and rows inserted into large ones in these themselves. It is known to lose, and
 *   continues there until COMMIT fails;
 * - `lost`: nowhere; not even the copies are left.
 */
export type TransactionPhase = "new" | "in place" | "aside" | "sandbox" | "lost";
