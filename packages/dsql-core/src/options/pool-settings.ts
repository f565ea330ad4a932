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
  min: number;
  /** Milliseconds; Infinity keeps idle connections. */
  idleTimeoutMillis: number;
  /** Milliseconds that a caller waits for a connection. */
  acquireTimeoutMillis: number;
  /** Milliseconds; Infinity is no limit. */
  maxLifetimeMs: number;
  maxUses: number;
  allowExitOnIdle: boolean;
  autocommitRetry: boolean;
  onConnect: DsqlPoolOptions["onConnect"];
  retry: TransactionOptions;
}

/** @throws DsqlConfigError that names what cannot be used */
export function resolvePool(config: DsqlPoolOptions | string): {
  connection: ConnectionSettings;
  pool: PoolSettings;
} {
  if (typeof config !== "string") checkOptionNames(config, "pool");
  const options = mergeConnectionString(config);
  const connection = resolveConnection(options);
  const { logger, telemetry } = connection;
  const { max = 10, min = 0, idleTimeoutMillis = 600_000, maxLifetimeSeconds = 3300 } = options;
  const {
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
  resolveRetryOptions(retry);
  return {
    connection,
    pool: {
      max,
      min,
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
