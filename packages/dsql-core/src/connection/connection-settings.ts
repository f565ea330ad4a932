import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { TokenRequest } from "../auth/token-signer.ts";
import { DsqlConfigError } from "../errors.ts";
import type { DsqlLogger } from "../telemetry/logger.ts";
import type { DsqlTelemetry } from "../telemetry/telemetry.ts";
import { applicationName } from "./application-name.ts";
import { clusterHost, isClusterId, parseClusterEndpoint } from "./cluster-endpoint.ts";
import type { DsqlConnectionOptions } from "./connection-options.ts";
import { parseConnectionString } from "./connection-string.ts";
import { demandBoolean, demandText, demandWholeNumber } from "./option-values.ts";
import { resolveRegion } from "./region.ts";
import { tlsOptions } from "./tls-options.ts";

/** The longest that a token can be valid: one week (Aurora DSQL user guide, "Generating an authentication token"). */
const MAX_TOKEN_SECONDS = 604_800;

/** Options with the connection string read, every default filled in, and everything checked. */
export interface ConnectionSettings {
  host: string;
  hostaddr?: string;
  port: number;
  user: string;
  database: string;
  region: string;
  applicationName: string;
  ssl: ConnectionOptions;
  sslnegotiation: "postgres" | "direct";
  connectionTimeoutMillis: number;
  commitTimeoutMillis: number;
  /** What the token source needs; nothing else holds credentials. */
  token: TokenRequest;
  logger?: DsqlLogger;
  telemetry?: DsqlTelemetry;
  /** Options that pg takes as they are. */
  passedOn: Pick<
    DsqlConnectionOptions,
    "keepAlive" | "keepAliveInitialDelayMillis" | "query_timeout" | "types" | "binary"
  >;
}

/**
 * Reads, merges, defaults and checks; the caller's object stays as it is.
 * @throws DsqlConfigError that names what cannot be used
 */
export function resolveConnection(config: DsqlConnectionOptions | string): ConnectionSettings {
  const options = mergeConnectionString(config);
  const { host, region } = resolveHost(options);
  const { user = "admin", database = "postgres", port = 5432, tokenDurationSecs = 900 } = options;
  const { sslnegotiation = "direct", connectionTimeoutMillis = 30_000, keepAlive = true } = options;
  const {
    commitTimeoutMillis = 30_000,
    keepAliveInitialDelayMillis = 60_000,
    query_timeout,
    types,
    binary,
  } = options;
  demandText(user, "user");
  demandText(database, "database");
  demandWholeNumber(port, "port", 1, 65_535);
  demandWholeNumber(tokenDurationSecs, "tokenDurationSecs", 1, MAX_TOKEN_SECONDS);
  demandWholeNumber(connectionTimeoutMillis, "connectionTimeoutMillis", 1);
  demandWholeNumber(commitTimeoutMillis, "commitTimeoutMillis", 0);
  demandWholeNumber(keepAliveInitialDelayMillis, "keepAliveInitialDelayMillis", 0);
  if (query_timeout !== undefined) demandWholeNumber(query_timeout, "query_timeout", 0);
  demandBoolean(keepAlive, "keepAlive");
  if (sslnegotiation !== "direct" && sslnegotiation !== "postgres")
    throw new DsqlConfigError('sslnegotiation takes "direct" or "postgres".');
  if (options.hostaddr !== undefined) demandText(options.hostaddr, "hostaddr");
  return {
    host,
    hostaddr: options.hostaddr,
    port,
    user,
    database,
    region,
    applicationName: applicationName({
      ormPrefix: options.ormPrefix,
      applicationName: options.application_name ?? options.applicationName,
    }),
    ssl: tlsOptions(options),
    sslnegotiation,
    connectionTimeoutMillis,
    commitTimeoutMillis,
    token: { host, region, user, tokenDurationSecs, ...credentialsOf(options) },
    logger: options.logger,
    telemetry: options.telemetry,
    passedOn: { keepAlive, keepAliveInitialDelayMillis, query_timeout, types, binary },
  };
}

/** The options of a connection string below the fields beside it; undefined fields do not count. */
export function mergeConnectionString<O extends DsqlConnectionOptions>(config: O | string): O {
  const { connectionString, ...fields } =
    typeof config === "string" ? ({ connectionString: config } as O) : config;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return {
    ...(connectionString === undefined ? {} : parseConnectionString(connectionString)),
    ...given,
  } as O;
}

function resolveHost(options: DsqlConnectionOptions): { host: string; region: string } {
  const { profile } = options;
  const host = options.host?.trim().replace(/\.$/, "").toLowerCase();
  if (!host)
    throw new DsqlConfigError("host is missing: give a cluster endpoint, or a cluster id and a region.");
  if (isIP(host) !== 0)
    throw new DsqlConfigError(
      "host takes a name, since TLS and the token are made for it. Give the cluster endpoint as host, and the address as hostaddr.",
    );
  const endpoint = parseClusterEndpoint(host);
  const region = resolveRegion({ region: options.region, hostRegion: endpoint?.region, profile });
  if (isClusterId(host)) {
    if (region === undefined)
      throw new DsqlConfigError("region is missing: a cluster id alone does not tell it.");
    return { host: clusterHost({ clusterId: host, region }), region };
  }
  if (endpoint === undefined && options.region === undefined)
    throw new DsqlConfigError(
      "region is missing: the host is no cluster endpoint (<26 characters>.dsql.<region>.on.aws), and a custom domain needs region beside it.",
    );
  return { host, region: region as string };
}

function credentialsOf({
  credentials,
  profile,
}: DsqlConnectionOptions): Pick<TokenRequest, "credentials" | "profile"> {
  if (credentials !== undefined && typeof credentials !== "function") {
    const { accessKeyId, secretAccessKey } = credentials ?? {};
    if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string")
      throw new DsqlConfigError(
        "credentials takes an identity with accessKeyId and secretAccessKey, or a function.",
      );
  }
  return { credentials, profile };
}
