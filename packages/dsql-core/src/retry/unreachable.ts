const CODES = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"]);

/** Known one by one: a transaction's work may meet the same codes on its way to something else. */
const failures = new WeakSet<object>();

/** Notes a login that failed because the endpoint could not be reached. */
export function noteIfUnreachable(error: unknown): void {
  if (error instanceof Error && CODES.has(String((error as NodeJS.ErrnoException).code))) failures.add(error);
}

/** Whether an error is that of a login that could not reach the endpoint. */
export function isUnreachable(error: unknown): boolean {
  return typeof error === "object" && error !== null && failures.has(error);
}
