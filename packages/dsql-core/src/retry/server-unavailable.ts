/** Registered globally: one copy of this package may mark an error that another copy classifies. */
export const UNAVAILABLE = Symbol.for("dsql-core.server-unavailable");

/**
 * Notes of an error of the server (XX000 `server unavailable`) that nothing was stored: it met a statement inside a
 * transaction, or one that only reads. The same error in response to a COMMIT leaves the outcome undetermined.
 * Source: Aurora DSQL user guide, "Troubleshooting" (2026-09-08).
 */
export function noteUnavailable(error: Error): void {
  Object.defineProperty(error, UNAVAILABLE, { value: true, configurable: true });
}
