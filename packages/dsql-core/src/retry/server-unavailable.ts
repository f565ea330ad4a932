/** Registered globally: one copy of this package may mark an error that another copy classifies. */
export const UNAVAILABLE = Symbol.for("dsql-core.server-unavailable");

/**
 * Marks an error of the server (XX000 `server unavailable`) as safe to retry: nothing was stored, because the statement was
 * inside a transaction, or only reads. The same error in response to a COMMIT leaves the outcome undetermined.
 * Source: Aurora DSQL user guide, "Troubleshooting" (2026-09-08).
 */
export function noteUnavailable(error: Error): void {
  Object.defineProperty(error, UNAVAILABLE, { value: true, configurable: true });
}
