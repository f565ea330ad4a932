import type { DsqlConnectionOptions } from "./connection-options.ts";

/**
 * Fills in missing options from the environment variables of pg and libpq: PGHOST, PGPORT, PGUSER, PGDATABASE,
 * PGSSLROOTCERT, and PGHOSTADDR, which applies only to the host of PGHOST. PGSSLMODE is not read: TLS always verifies.
 * Source: PostgreSQL 16 manual, "Environment Variables".
 */
export function withEnvironment<O extends DsqlConnectionOptions>(
  options: O,
  env: NodeJS.ProcessEnv = process.env,
): O {
  const host = options.host ?? read(env, "PGHOST");
  const isHostOfEnvironment = host !== undefined && host === read(env, "PGHOST");
  const found = {
    host,
    hostaddr: options.hostaddr ?? (isHostOfEnvironment ? read(env, "PGHOSTADDR") : undefined),
    port: options.port ?? read(env, "PGPORT"),
    user: options.user ?? read(env, "PGUSER"),
    database: options.database ?? read(env, "PGDATABASE"),
    sslrootcert: options.sslrootcert ?? (options.ca === undefined ? read(env, "PGSSLROOTCERT") : undefined),
  };
  return {
    ...options,
    ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
  };
}

function read(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name] || undefined;
}
