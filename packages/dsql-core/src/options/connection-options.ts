import type { CustomTypesConfig } from "pg";
import type { AwsCredentialProvider, AwsCredentials } from "../auth/aws-credentials.ts";
import type { DsqlLogger } from "../telemetry/logger.ts";
import type { DsqlTelemetry } from "../telemetry/telemetry.ts";
import type { RetryOptions } from "./retry-options.ts";

/** How to reach a cluster, and as whom. Every field may also stand in `connectionString` unless it says
 * otherwise; one that is undefined or null is left out. */
export interface DsqlConnectionOptions {
  /** `postgresql://[user@]host[:port]/[database][?parameters]`; a field given beside it wins. */
  connectionString?: string;
  /** A cluster endpoint, a 26-character cluster id, or a custom domain; the last needs `region`. */
  host?: string;
  /** Connect to this address instead, while TLS verifies, SNI names and tokens are signed for `host`. */
  hostaddr?: string;
  /** @default 5432 */
  port?: number;
  /** `admin` signs with `dsql:DbConnectAdmin`, every other role with `dsql:DbConnect`. @default "admin" */
  user?: string;
  /** @default "postgres" */
  database?: string;
  /** @default the host name's, then AWS_REGION, AWS_DEFAULT_REGION, then the profile's in the shared AWS config files */
  region?: string;
  /** A profile of the shared AWS config files. @default AWS_PROFILE, by the SDK's default credential chain */
  profile?: string;
  /** Seconds for which a token can open connections, from 1 to 604800 (one week). @default 900 */
  tokenDurationSecs?: number;
  /** An identity, or a provider of one, in place of `profile` and the default chain. Options only. */
  credentials?: AwsCredentials | AwsCredentialProvider;
  /** Stands before this package's own name in `application_name`: `kysely:aurora-dsql-ts/1.0.0`. */
  ormPrefix?: string;
  /** The whole `application_name`, at most 63 bytes of ASCII. @default `[<ormPrefix>:]aurora-dsql-ts/<version>` */
  application_name?: string;
  /** Another name for `application_name`. Options only. */
  applicationName?: string;
  /** CA certificates in PEM that replace Node's own. Options only. */
  ca?: string | Buffer | (string | Buffer)[];
  /** A file with such certificates, or `system` for Node's own. */
  sslrootcert?: string;
  /** TLS at once (`direct`), or after PostgreSQL's own request for it, one round trip later. @default "direct" */
  sslnegotiation?: "postgres" | "direct";
  /** Hears what the pool and its clients do by themselves. Options only. */
  logger?: DsqlLogger;
  /** Receives events for metrics; `openTelemetry()` of `dsql-core/opentelemetry` makes one. Options only. */
  telemetry?: DsqlTelemetry;
  /** Milliseconds for a connection to be opened, or for a pool to hand one out, the token included. Options only. @default 30_000 */
  connectionTimeoutMillis?: number;
  /**
   * Milliseconds for a COMMIT to be answered; after them the connection is closed and the COMMIT rejects with
   * `CommitOutcomeUnknownError`. 0 waits for ever. Options only. @default 30_000
   */
  commitTimeoutMillis?: number;
  /** TCP keep-alive. Options only. @default true */
  keepAlive?: boolean;
  /** Milliseconds without traffic before the first keep-alive probe. Options only. @default 60_000 */
  keepAliveInitialDelayMillis?: number;
  /** Milliseconds that pg waits for a statement's answer. Options only. @default none */
  query_timeout?: number;
  /** Type parsers in place of pg's own. Options only. */
  types?: CustomTypesConfig;
  /** Ask for results in PostgreSQL's binary format. Options only. @default false */
  binary?: boolean;
}

/** {@link DsqlConnectionOptions} and what only a pool has; these stand in options only. */
export interface DsqlPoolOptions extends DsqlConnectionOptions {
  /** The most connections at a time. @default 10 */
  max?: number;
  /** Connections that stay open while idle, and are replaced when their lifetime ends. @default 0 */
  min?: number;
  /** Milliseconds after which an idle connection is closed; 0 keeps it. @default 600_000 */
  idleTimeoutMillis?: number;
  /** Seconds that a connection lives at most; each ends at random in the last eleventh. 0 is for ever, DSQL ends it after 3600. @default 3300 */
  maxLifetimeSeconds?: number;
  /** How often a connection is handed out at most. @default unlimited */
  maxUses?: number;
  /** Lets the process exit while all connections are idle. @default false */
  allowExitOnIdle?: boolean;
  /** Runs a statement of `pool.query` again when it met a conflict: DSQL has rolled it back whole. @default true */
  autocommitRetry?: boolean;
  /** Defaults for this pool's retries. */
  retry?: RetryOptions;
}
