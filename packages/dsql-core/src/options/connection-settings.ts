import type { ConnectionOptions } from "node:tls";
import type { TokenRequest } from "../auth/token-signer.ts";
import { DsqlConfigError } from "../errors.ts";
import type { DsqlLogger } from "../telemetry/logger.ts";
import type { DsqlTelemetry } from "../telemetry/telemetry.ts";
import { applicationName } from "./application-name.ts";
import type { DsqlConnectionOptions } from "./connection-options.ts";
import { mergeConnectionString } from "./connection-string.ts";
import { withEnvironment } from "./environment.ts";
import { demandSupportedNode } from "./node-version.ts";
import {
  demandBoolean,
  demandMilliseconds,
  demandObject,
  demandText,
  demandWholeNumber,
} from "./option-values.ts";
import { resolveHost } from "./resolve-host.ts";
import { startupOptions } from "./session-parameters.ts";
import { tlsOptions } from "./tls-options.ts";

/** The longest that a token can be valid: one week (Aurora DSQL user guide, "Generating an authentication token"). */
const MAX_TOKEN_SECONDS = 604_800;

/** Options that must be strings, and must not be empty. */
const TEXTS = [
  "host",
  "hostaddr",
  "user",
  "database",
  "region",
  "profile",
  "ormPrefix",
  "application_name",
  "applicationName",
  "sslrootcert",
  "options",
] as const;

/** The options with the connection string parsed, every default filled in, and everything checked. */
export interface ConnectionSettings {
  host: string;
  hostaddr?: string | undefined;
  port: number;
  user: string;
  database: string;
  region: string;
  applicationName: string;
  /** Whether the user gave the application name, in full or its prefix; otherwise an adapter may set the prefix. */
  isNamed: boolean;
  ssl: ConnectionOptions;
  sslnegotiation: "postgres" | "direct";
  /** Session parameters, in the form of the startup packet. */
  startupOptions: string | undefined;
  /** For opening a connection, the token included. */
  connectionTimeoutMillis: number;
  /** For the response to COMMIT, BEGIN or ROLLBACK; 0 is no limit. */
  commitTimeoutMillis: number;
  /** What the token source needs; nothing else holds credentials. */
  token: TokenRequest;
  logger?: DsqlLogger | undefined;
  telemetry?: DsqlTelemetry | undefined;
  /** Options that are passed to pg unchanged. */
  passedOn: Pick<
    DsqlConnectionOptions,
    "keepAlive" | "keepAliveInitialDelayMillis" | "query_timeout" | "types" | "binary"
  >;
}

/**
 * Reads the options or the connection string, adds what the environment gives, checks everything and fills in the
 * defaults. The caller's object is not changed.
 * @throws DsqlConfigError that names the invalid option
 */
export function resolveConnection(config: DsqlConnectionOptions | string): ConnectionSettings {
  demandSupportedNode();
  const options = withEnvironment(mergeConnectionString(config));
  for (const name of TEXTS) if (options[name] !== undefined) demandText(options[name], name);
  for (const name of ["logger", "telemetry", "types"] as const)
    if (options[name] !== undefined) demandObject(options[name], name, "an object");
  const { host, region } = resolveHost(options);
  const port = portOf(options.port ?? 5432);
  const {
    user = "admin",
    database = "postgres",
    tokenDurationSecs = 900,
    sslnegotiation = "direct",
    connectionTimeoutMillis = 30_000,
    commitTimeoutMillis = 30_000,
    keepAlive = true,
    keepAliveInitialDelayMillis = 60_000,
    query_timeout,
    types,
    binary,
  } = options;
  demandWholeNumber(tokenDurationSecs, "tokenDurationSecs", 1, MAX_TOKEN_SECONDS);
  demandMilliseconds(connectionTimeoutMillis, "connectionTimeoutMillis", 1);
  demandMilliseconds(commitTimeoutMillis, "commitTimeoutMillis", 0);
  demandMilliseconds(keepAliveInitialDelayMillis, "keepAliveInitialDelayMillis", 0);
  if (query_timeout !== undefined) demandMilliseconds(query_timeout, "query_timeout", 0);
  demandBoolean(keepAlive, "keepAlive");
  if (binary !== undefined) demandBoolean(binary, "binary");
  if (sslnegotiation !== "direct" && sslnegotiation !== "postgres")
    throw new DsqlConfigError('sslnegotiation must be "direct" or "postgres".');
  if (options.sslmode !== undefined && options.sslmode !== "verify-full")
    throw new DsqlConfigError(
      'sslmode can only be "verify-full": DSQL connections are always encrypted and verified.',
    );
  const givenName = options.application_name ?? options.applicationName;
  return {
    host,
    // An IPv6 address may have the brackets that it has in a URL; a socket takes it without.
    hostaddr: options.hostaddr?.replace(/^\[(.*)\]$/, "$1"),
    port,
    user,
    database,
    region,
    applicationName: applicationName({ ormPrefix: options.ormPrefix, applicationName: givenName }),
    isNamed: (givenName ?? options.ormPrefix) !== undefined,
    ssl: tlsOptions(options),
    sslnegotiation,
    startupOptions: startupOptions(options),
    connectionTimeoutMillis,
    commitTimeoutMillis,
    token: { host, region, user, tokenDurationSecs, ...credentialsOf(options) },
    logger: options.logger,
    telemetry: options.telemetry,
    passedOn: { keepAlive, keepAliveInitialDelayMillis, query_timeout, types, binary },
  };
}

/** A port may be a string, such as the value of an environment variable. */
function portOf(port: number | string): number {
  const number = typeof port === "string" && /^\s*\d{1,5}\s*$/.test(port) ? Number(port) : port;
  demandWholeNumber(number, "port", 1, 65_535);
  return number as number;
}

/** The credentials, of either name, or the profile to read them from; whether a function returns any is seen when it is called. */
function credentialsOf(options: DsqlConnectionOptions): Pick<TokenRequest, "credentials" | "profile"> {
  const { customCredentialsProvider, profile } = options;
  const credentials = options.credentials ?? customCredentialsProvider;
  if (customCredentialsProvider !== undefined && credentials !== customCredentialsProvider)
    throw new DsqlConfigError(
      "credentials and customCredentialsProvider are two names for one option: set one of them.",
    );
  if (credentials !== undefined && typeof credentials !== "function") {
    const { accessKeyId, secretAccessKey } = credentials ?? {};
    if (typeof accessKeyId !== "string" || typeof secretAccessKey !== "string")
      throw new DsqlConfigError(
        "credentials must be an object with accessKeyId and secretAccessKey, or a function that returns one.",
      );
  }
  return { credentials, profile };
}
