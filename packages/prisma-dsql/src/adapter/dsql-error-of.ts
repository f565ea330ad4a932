import type { DsqlError } from "dsql-core";

/**
 * The DsqlError behind an error that Prisma threw, with all its fields, or undefined if there is none. Its `code`
 * distinguishes a COMMIT of undetermined outcome, a rolled back transaction, a lost connection and exhausted retries.
 */
export function dsqlErrorOf(error: unknown): DsqlError | undefined {
  const seen = new Set<unknown>();
  const waiting = [error];
  while (waiting.length > 0) {
    const current = waiting.shift();
    if (typeof current !== "object" || current === null || seen.has(current)) continue;
    if (isDsqlError(current)) return current;
    seen.add(current);
    const { cause, meta } = current as { cause?: unknown; meta?: { driverAdapterError?: unknown } | null };
    waiting.push(cause, meta?.driverAdapterError);
  }
  return undefined;
}

/** By code, so that an error of a second copy of dsql-core is recognised too. */
export function isDsqlError(error: unknown): error is DsqlError {
  if (!(error instanceof Error) || !("code" in error) || error.name.startsWith("PrismaClient")) return false;
  return typeof error.code === "string" && error.code.startsWith("DSQL_");
}
