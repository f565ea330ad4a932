/** Limits of a cluster; each default is DSQL's own (user guide, "Cluster quotas and database limits"). */
export interface LocalDsqlLimits {
  /** Rows that one transaction may modify. @default 3000 */
  maxRowsPerTransaction?: number | undefined;
  /** Bytes that one transaction may write. @default 10485760 */
  maxTransactionBytes?: number | undefined;
  /** Age at which a transaction is refused. @default 300_000 */
  maxTransactionAgeMs?: number | undefined;
  /** Age at which a session is closed. @default 3_600_000 */
  maxSessionAgeMs?: number | undefined;
  /** Connections at a time (53300 beyond). @default 10_000 */
  maxConnections?: number | undefined;
  /** New connections a second (53400 beyond). @default 100 */
  connectionRate?: number | undefined;
  /** How many may come at once. @default 1000 */
  connectionBurst?: number | undefined;
  /** How long a connection may take to log in before it is closed; the endpoint's own limit. @default 30_000 */
  loginTimeoutMs?: number | undefined;
}

/** Options of `startLocalDsql`. */
export interface LocalDsqlOptions {
  /** Port on 127.0.0.1; any free one where it is left out or 0. */
  port?: number | undefined;
  /** Keeps the data between runs; without it everything goes away. */
  dataDir?: string | undefined;
  /** @default "us-east-1" */
  region?: string | undefined;
  /** Several Regions: an endpoint each over the same data. */
  regions?: readonly string[] | undefined;
  /** The key pair that tokens must be signed with; generated where it is left out. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  limits?: LocalDsqlLimits | undefined;
  /**
   * Whether a session that has used tables meets OC001 once after another session has changed the schema, as on a
   * cluster. @default true
   */
  schemaConflicts?: boolean | undefined;
  /** How long an index build or the validation of a constraint takes at least. @default 50 */
  indexBuildMs?: number | undefined;
  /**
   * Called once with a `PostgresFailedError` when the PostgreSQL behind the endpoint has ended and could not be started
   * again, or has ended more than three times within a minute. From then on every login fails with `XX000`.
   */
  onFailure?: ((error: Error) => void) | undefined;
  /**
   * Whether the error of a refused statement has a HINT that says what to write instead. A cluster sends none, so it is
   * off for tests; the command `dsql-local` turns it on. @default false
   */
  hints?: boolean | undefined;
  /** Called for each refused statement and each event worth a line; nothing is printed without it. */
  log?: ((line: string) => void) | undefined;
}

/** Options with every default filled in. */
export type WithDefaults<Options> = { [Name in keyof Options]-?: NonNullable<Options[Name]> };
