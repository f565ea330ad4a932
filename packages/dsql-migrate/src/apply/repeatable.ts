import {
  AsyncJobFailedError,
  type DsqlPool,
  failureOf,
  isOccError,
  type RetryOptions,
  retryOnOcc,
} from "dsql-core";
import type { QueryResult, QueryResultRow } from "pg";
import type { RunQuery } from "./history.ts";

/** SQLSTATEs of losing a race to make the same object: duplicate schema, table, object; unique violation in the catalog. */
const MADE_BY_ANOTHER = new Set(["42P06", "42P07", "42710", "23505"]);

/**
 * Classes of SQLSTATEs that say nothing about the statement itself: connection, login, resources, operator, system and
 * internal errors.
 */
const NO_VERDICT = new Set(["08", "28", "53", "57", "58", "XX"]);

/** How often one statement may be sent again after its connection was lost. */
export const MAX_LOST_CONNECTIONS = 20;
const MAX_LOST_RACES = 5;

/**
 * Runs one statement that is safe to repeat, until it has surely happened: sends it again after a conflict and after a lost
 * connection, whatever its outcome was.
 */
export async function runRepeatable<R extends QueryResultRow>(
  pool: DsqlPool,
  sql: string,
  retry?: RetryOptions,
): Promise<QueryResult<R>> {
  for (let lost = 0; ; lost += 1) {
    try {
      return await retryOnOcc(() => pool.query<R>(sql), retry);
    } catch (error) {
      if (!isLost(error) || lost >= MAX_LOST_CONNECTIONS) throw error;
    }
  }
}

/** {@link runRepeatable} for `CREATE … IF NOT EXISTS` that other processes may send at the same moment. */
export async function createIfMissing(pool: DsqlPool, sql: string): Promise<void> {
  for (let races = 0; ; races += 1) {
    try {
      await runRepeatable(pool, sql);
      return;
    } catch (error) {
      if (!MADE_BY_ANOTHER.has(sqlstateOf(error)) || races >= MAX_LOST_RACES) throw error;
    }
  }
}

/** Whether the connection was lost, with or without the statement having happened. */
export function isLost(error: unknown): boolean {
  const failure = failureOf(error);
  return failure === "connection-lost" || failure === "commit-outcome-unknown";
}

/**
 * Whether an error shows that the step that met it has not happened: the server refused it, a conflict undid it, or its job
 * failed. After any other error (a lost connection, credentials that have expired) an earlier attempt may have succeeded.
 */
export function hasSurelyFailed(error: unknown): boolean {
  if (error instanceof AsyncJobFailedError || isOccError(error)) return true;
  const sqlstate = sqlstateOf(error);
  return failureOf(error) === "other" && sqlstate.length === 5 && !NO_VERDICT.has(sqlstate.slice(0, 2));
}

/** The SQLSTATE of a server's error, or an empty string. */
export function sqlstateOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** {@link runRepeatable} as history tables take it. */
export function queryOf(pool: DsqlPool): RunQuery {
  return async (sql) => (await runRepeatable<Record<string, unknown>>(pool, sql)).rows;
}
