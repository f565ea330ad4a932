import type { ClientBase, CustomTypesConfig } from "pg";
import type { AwsCredentialProvider, AwsCredentials } from "../auth/aws-credentials.ts";
import type { DsqlLogger } from "../telemetry/logger.ts";
import type { DsqlTelemetry } from "../telemetry/telemetry.ts";
import type { RetryOptions } from "./retry-options.ts";

/** How to reach a cluster, and as whom. Every field can also be set in `connectionString` unless it says
 * otherwise; one that is undefined or null is ignored. */
export interface DsqlConnectionOptions {
  /** `postgresql://[user@]host[:port]/[database][?parameters]`; a field that contradicts it is an error. */
  connectionString?: string | undefined;
  /** A cluster endpoint, a 26-character cluster id, or a custom domain; the last needs `region`. @default PGHOST */
  host?: string | undefined;
  /** Connect to this address instead, while TLS, SNI and tokens use `host`. @default PGHOSTADDR, if `host` is that of PGHOST */
  hostaddr?: string | undefined;
  /** A number, or a string of digits. @default PGPORT, then 5432 */
  port?: number | string | undefined;
  /** `admin` signs with `dsql:DbConnectAdmin`, every other role with `dsql:DbConnect`. @default PGUSER, then "admin" */
  user?: string | undefined;
  /** @default PGDATABASE, then "postgres" */
  database?: string | undefined;
  /** @default the host name's, then AWS_REGION, AWS_DEFAULT_REGION, then the profile's in the shared AWS config files */
  region?: string | undefined;
  /** A profile of the shared AWS config files. @default AWS_PROFILE, by the SDK's default credential chain */
  profile?: string | undefined;
  /** Seconds for which a token can open connections, from 1 to 604800 (one week). @default 900 */
  tokenDurationSecs?: number | undefined;
  /** Credentials, or a function that returns them, instead of `profile` and the default chain. Options only. */
  credentials?: AwsCredentials | AwsCredentialProvider | undefined;
  /** Another name for `credentials`, that of AWS's connectors. Options only. */
  customCredentialsProvider?: AwsCredentials | AwsCredentialProvider | undefined;
  /** The schemas in which names without one are looked up: `"app, public"`, or `["app", "public"]`. Options only. @default the role's, else "$user", public */
  searchPath?: string | readonly string[] | undefined;
  /** Session parameters for the startup packet as libpq writes them: `-c search_path=app -c timezone=UTC`. */
  options?: string | undefined;
  /** Precedes this package's own name in `application_name`: `kysely:aurora-dsql-ts/1.0.0`. */
  ormPrefix?: string | undefined;
  /** The whole `application_name`, at most 63 bytes of ASCII. @default `[<ormPrefix>:]aurora-dsql-ts/<version>` */
  application_name?: string | undefined;
  /** Another name for `application_name`. Options only. */
  applicationName?: string | undefined;
  /** CA certificates in PEM that replace Node's own. Options only. */
  ca?: string | Buffer | (string | Buffer)[] | undefined;
  /** A file of such certificates, or `system` for Node's own. @default PGSSLROOTCERT */
  sslrootcert?: string | undefined;
  /** TLS always verifies the certificate and the host name, so this is the only value. */
  sslmode?: "verify-full" | undefined;
  /** TLS at once (`direct`), or after PostgreSQL's request for it, which costs one more round trip. @default "direct" */
  sslnegotiation?: "postgres" | "direct" | undefined;
  /** Receives a line for each thing that the pool and its clients do by themselves. Options only. */
  logger?: DsqlLogger | undefined;
  /** Receives events for metrics; `openTelemetry()` of `dsql-core/opentelemetry` returns one. Options only. */
  telemetry?: DsqlTelemetry | undefined;
  /** Milliseconds to open a connection, or for a pool to provide one, including the token. Options only. @default 30_000 */
  connectionTimeoutMillis?: number | undefined;
  /**
   * Milliseconds to wait for the response to COMMIT, BEGIN or ROLLBACK; then the connection is closed, and a COMMIT rejects
   * with `CommitOutcomeUnknownError`. 0 waits forever. Options only. @default 30_000
   */
  commitTimeoutMillis?: number | undefined;
  /** TCP keep-alive. Options only. @default true */
  keepAlive?: boolean | undefined;
  /** Milliseconds without traffic before the first keep-alive probe. Options only. @default 60_000 */
  keepAliveInitialDelayMillis?: number | undefined;
  /** Milliseconds that pg waits for the response to a statement. Options only. @default none */
  query_timeout?: number | undefined;
  /** Type parsers that replace pg's own. Options only. */
  types?: CustomTypesConfig | undefined;
  /** Whether to request results in PostgreSQL's binary format. Options only. @default false */
  binary?: boolean | undefined;
}

/** {@link DsqlConnectionOptions}, and those that only a pool has, which a connection string cannot contain. */
export interface DsqlPoolOptions extends DsqlConnectionOptions {
  /** The most connections at a time. @default 10 */
  max?: number | undefined;
  /** Connections that stay open while idle, and are replaced when their lifetime ends. @default 0 */
  min?: number | undefined;
  /** Milliseconds after which an idle connection is closed; 0 keeps it. @default 600_000 */
  idleTimeoutMillis?: number | undefined;
  /** Maximum lifetime of a connection in seconds; each expires at a random time in the last eleventh of it. 0 is no limit; DSQL ends a connection after 3600. @default 3300 */
  maxLifetimeSeconds?: number | undefined;
  /** How often a connection is used before it is closed. @default unlimited */
  maxUses?: number | undefined;
  /**
   * Lets the process exit while all connections are idle, so that a script which never calls `end()` ends when its work is
   * done. False keeps it running until the last idle connection is closed. @default true
   */
  allowExitOnIdle?: boolean | undefined;
  /** Retries a statement of `pool.query` that met a conflict, since DSQL has rolled it back in full. @default true */
  autocommitRetry?: boolean | undefined;
  /**
   * Called with each new connection before it is used, and awaited; if it rejects, the connection is closed and the caller
   * that is waiting for it gets the error.
   */
  onConnect?: ((client: ClientBase) => unknown) | undefined;
  /** Defaults for this pool's retries. */
  retry?: RetryOptions | undefined;
}
