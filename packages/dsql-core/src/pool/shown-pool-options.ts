import type { PoolConfig } from "pg";
import type { ConnectionSource } from "../client/connection-source.ts";
import { DsqlClient } from "../client/dsql-client.ts";
import type { PoolSettings } from "../options/pool-settings.ts";

/**
 * The public `options` of a pg.Pool, without credentials, for libraries that read them: 0 means no limit, and instances of
 * `Client` connect as the pool's clients do.
 */
export function shownPoolOptions(source: ConnectionSource, pool: PoolSettings): PoolConfig {
  const { host, port, user, database } = source.settings;
  const { max, min, idleTimeoutMillis, acquireTimeoutMillis, maxLifetimeMs, allowExitOnIdle } = pool;
  class PoolClientOfSource extends DsqlClient {
    constructor() {
      super(source);
    }
  }
  return {
    ...{ host, port, user, database, max, min, allowExitOnIdle, Client: PoolClientOfSource },
    application_name: source.applicationName,
    connectionTimeoutMillis: acquireTimeoutMillis,
    idleTimeoutMillis: Number.isFinite(idleTimeoutMillis) ? idleTimeoutMillis : 0,
    maxLifetimeSeconds: Number.isFinite(maxLifetimeMs) ? maxLifetimeMs / 1000 : 0,
  };
}
