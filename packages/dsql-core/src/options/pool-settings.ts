import { DsqlConfigError } from "../errors.ts";
import { clusterName } from "./cluster-endpoint.ts";
import type { DsqlPoolOptions } from "./connection-options.ts";
import { type ConnectionSettings, resolveConnection } from "./connection-settings.ts";
import { mergeConnectionString } from "./connection-string.ts";
import { checkOptionNames } from "./option-names.ts";
import { demandBoolean, demandObject, demandWholeNumber } from "./option-values.ts";
import type { TransactionOptions } from "./retry-options.ts";
import { mergeRetryOptions, resolveRetryOptions } from "./retry-settings.ts";

/** The settings of a pool, with every default filled in. */
export interface PoolSettings {
  max: number;
  /** Connections that stay open while idle. */
  min: number;
  /** Milliseconds after which an idle connection is closed; Infinity keeps it. */
  idleTimeoutMillis: number;
  /** Milliseconds that a caller waits for a connection. */
  acquireTimeoutMillis: number;
  /** Milliseconds; Infinity is no limit. */
  maxLifetimeMs: number;
  /** How often a connection is used before it is closed; Infinity is no limit. */
  maxUses: number;
  /** Whether the process may exit while all connections are idle. */
  allowExitOnIdle: boolean;
  /** Whether single statements, outside a transaction, are retried after a conflict. */
  autocommitRetry: boolean;
  onConnect: DsqlPoolOptions["onConnect"];
  /** As given: each transaction merges its own options into them before the defaults are filled in. */
  retry: TransactionOptions;
}

/** DSQL ends a connection after 3600 seconds. */
const DEFAULT_LIFETIME_SECONDS = 3300;

/**
 * Checks a pool's options, or its connection string, and fills in the defaults.
 * @throws DsqlConfigError that names the invalid option
 */
export function resolvePool(config: DsqlPoolOptions | string): {
  connection: ConnectionSettings;
  pool: PoolSettings;
} {
  if (typeof config !== "string") checkOptionNames(config, "pool");
  const options = mergeConnectionString(config);
  const connection = resolveConnection(options);
  const { logger, telemetry } = connection;
  const {
    max = 10,
    min = 0,
    idleTimeoutMillis = 600_000,
    maxLifetimeSeconds = DEFAULT_LIFETIME_SECONDS,
    maxUses = Number.POSITIVE_INFINITY,
    allowExitOnIdle = true,
    autocommitRetry = true,
    onConnect,
    retry,
  } = options;
  demandWholeNumber(max, "max", 1);
  demandWholeNumber(min, "min", 0, max);
  demandWholeNumber(idleTimeoutMillis, "idleTimeoutMillis", 0);
  demandWholeNumber(maxLifetimeSeconds, "maxLifetimeSeconds", 0);
  if (maxUses !== Number.POSITIVE_INFINITY) demandWholeNumber(maxUses, "maxUses", 1);
  demandBoolean(allowExitOnIdle, "allowExitOnIdle");
  demandBoolean(autocommitRetry, "autocommitRetry");
  if (retry !== undefined) demandObject(retry, "retry", "an object");
  if (onConnect !== undefined && typeof onConnect !== "function")
    throw new DsqlConfigError("onConnect must be a function.");
  // Only to reject options that cannot be used now instead of at the first transaction.
  resolveRetryOptions(retry);
  return {
    connection,
    pool: {
      max,
      min,
      // In the options 0 means no limit, as in pg.
      idleTimeoutMillis: idleTimeoutMillis || Number.POSITIVE_INFINITY,
      acquireTimeoutMillis: connection.connectionTimeoutMillis,
      maxLifetimeMs: maxLifetimeSeconds * 1000 || Number.POSITIVE_INFINITY,
      maxUses,
      allowExitOnIdle,
      autocommitRetry,
      onConnect,
      retry: mergeRetryOptions({ logger, telemetry, cluster: clusterName(connection) }, retry),
    },
  };
}
