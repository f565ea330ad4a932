import type { TokenStats } from "../auth/token-source.ts";
import type { DsqlClient } from "../client/dsql-client.ts";
import { PoolTimeoutError } from "../errors.ts";
import type { PoolSettings } from "../options/pool-settings.ts";

/**
 * The error for a caller that has waited too long. It reports the state of the pool, and what the connections being opened
 * are waiting for.
 */
export function poolTimeout(
  { total, idle, waiting }: { total: number; idle: number; waiting: number },
  { max, acquireTimeoutMillis }: PoolSettings,
  { slowestTokenMs }: TokenStats,
  opening: Iterable<DsqlClient>,
): PoolTimeoutError {
  const logins = [...opening].map((client) => client.login).filter((login) => login !== undefined);
  const stages = [...new Set(logins.map((login) => login.stage))].join(" and ");
  const beingOpened = logins.length === 0 ? "" : `, ${logins.length} being opened (waiting for ${stages})`;
  const cause = logins.find((login) => login.refusal !== undefined)?.refusal;
  return new PoolTimeoutError(
    `No connection within ${acquireTimeoutMillis} ms: ${total} of ${max} connections, ${idle} idle${beingOpened}; ${waiting} callers waiting; slowest token ${Math.round(slowestTokenMs)} ms.`,
    { total, idle, waiting, max, slowestTokenMs },
    { cause },
  );
}
