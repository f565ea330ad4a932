import { DsqlConfigError, type DsqlPool, isDsqlPool, type PoolSource } from "dsql-core";
import pg from "pg";

const otherCopy =
  "Two copies of pg are installed (npm ls pg shows them): make every package use the same one, for instance with npm dedupe or an override.";

/**
 * Whether a source is a pool.
 * @throws DsqlConfigError for a pool that the adapter cannot use: one of a second copy of pg, or a plain pg.Pool
 */
export function isGivenPool(source: PoolSource | undefined): source is DsqlPool {
  if (typeof source !== "object" || !("connect" in source) || !("query" in source)) return false;
  if (!(source instanceof pg.Pool)) {
    throw new DsqlConfigError(
      `The pool passed to PrismaDsql was created by another copy of pg. ${otherCopy}`,
    );
  }
  if (!isDsqlPool(source)) {
    throw new DsqlConfigError(
      "The pool passed to PrismaDsql is a plain pg.Pool, which neither signs tokens nor guards COMMIT: create it with new DsqlPool(...) of dsql-core.",
    );
  }
  return true;
}

/**
 * PrismaPg mistakes a pool of another copy of pg for options, and would connect to localhost.
 * @throws DsqlConfigError when it has done so
 */
export function demandSamePool(pool: DsqlPool, driver: pg.Pool): void {
  if (driver === pool) return;
  throw new DsqlConfigError(`@prisma/adapter-pg and dsql-core use different copies of pg. ${otherCopy}`);
}
