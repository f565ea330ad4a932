import type { AccessKey } from "../auth/verify-token.ts";
import type { LocalDsqlStats } from "../cluster/cluster.ts";
import type { Faults } from "../faults/faults.ts";

/** What a driver needs to connect: spread it into the options of `DsqlPool` or `DsqlClient`. */
export interface LocalConnection {
  host: string;
  hostaddr: "127.0.0.1";
  port: number;
  user: "admin";
  database: "postgres";
  region: string;
  ca: string;
  credentials: AccessKey;
}

/** One endpoint: a local port that behaves like a cluster in a Region. */
export interface LocalEndpoint {
  /** `postgresql://admin@<host>:<port>/postgres?hostaddr=…&sslmode=verify-full&sslrootcert=…`, for psql and for dsql-core. */
  readonly connectionString: string;
  /** The cluster's host name, for which tokens are signed (or for `localhost`) and which the certificate names. */
  readonly host: string;
  readonly hostaddr: "127.0.0.1";
  readonly port: number;
  readonly region: string;
  /** 26 characters, the first label of `host`. */
  readonly clusterId: string;
  readonly user: "admin";
  readonly database: "postgres";
  /** The CA certificate as a file, and as PEM text. */
  readonly caPath: string;
  readonly ca: string;
  /** The key pair that tokens must be signed with. */
  readonly credentials: AccessKey;
  readonly connection: LocalConnection;
  /** Signs a token, for drivers without a signer. @param options.user @default "admin" @param options.expiresInSeconds @default 900 */
  token(options?: { user?: string | undefined; expiresInSeconds?: number | undefined }): string;
  /** Closes the port and every connection, as when the Region is lost. The data stays. */
  takeAway(): Promise<void>;
  /** Listens again, on the same port. */
  bringBack(): Promise<void>;
}

/** A local DSQL: its first endpoint's fields, and what its endpoints share. */
export interface LocalDsql extends Omit<LocalEndpoint, "takeAway" | "bringBack">, AsyncDisposable {
  /** One for each Region, in the order of the option `regions`. */
  readonly endpoints: readonly LocalEndpoint[];
  readonly faults: Faults;
  readonly stats: Readonly<LocalDsqlStats>;
  /** Closes every endpoint and session, stops PostgreSQL, and removes the data unless `dataDir` keeps them. */
  stop(): Promise<void>;
}
