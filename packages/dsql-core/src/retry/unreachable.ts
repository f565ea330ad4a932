import { readProperty } from "./classify-error.ts";

const CODES = new Set<unknown>([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** The errors themselves, not their codes: a transaction's work may receive the same codes from another host. */
const failures = new WeakSet<object>();

/** Marks the error of a login that could not reach the endpoint. */
export function noteIfUnreachable(error: unknown): void {
  if (CODES.has(readProperty(error, "code"))) failures.add(error as object);
}

/** Whether an error is that of a login that could not reach the endpoint. */
export function isUnreachable(error: unknown): boolean {
  return failures.has(error as object);
}
