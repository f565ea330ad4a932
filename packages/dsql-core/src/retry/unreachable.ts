const CODES = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"]);

/** The errors themselves, not their codes: a transaction's work may get the same codes from something else. */
const failures = new WeakSet<object>();

/** Marks the error of a login that could not reach the endpoint. */
export function noteIfUnreachable(error: unknown): void {
  if (error instanceof Error && CODES.has(String((error as NodeJS.ErrnoException).code))) failures.add(error);
}

/** Whether an error is that of a login that could not reach the endpoint. */
export function isUnreachable(error: unknown): boolean {
  return typeof error === "object" && error !== null && failures.has(error);
}
