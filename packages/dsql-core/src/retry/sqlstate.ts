/**
 * `serialization_failure`, the SQLSTATE of both conflicts of DSQL; the message says which of the two it is
 * (PostgreSQL 16 manual, Appendix A; Aurora DSQL user guide, "Concurrency control in Aurora DSQL").
 */
export const SERIALIZATION_FAILURE = "40001";

/** Another transaction has written the same rows. The code is in the message; some layers report it as the SQLSTATE. */
export const DATA_CONFLICT = "OC000";

/** The schema has changed since this session last read it; a retry reads it again. */
export const SCHEMA_CONFLICT = "OC001";

/** An SQLSTATE is five digits or capital letters (PostgreSQL 16 manual, Appendix A). */
export function isSqlState(code: unknown): code is string {
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code);
}
