import { DsqlConfigError } from "../errors.ts";
import type { DsqlConnectionOptions, DsqlPoolOptions } from "./connection-options.ts";
import { didYouMean } from "./nearest-name.ts";
import { demandObject } from "./option-values.ts";

type Names<T> = Readonly<Record<keyof T, true>>;

const CONNECTION_OPTIONS: Names<DsqlConnectionOptions> = {
  connectionString: true,
  host: true,
  hostaddr: true,
  port: true,
  user: true,
  database: true,
  region: true,
  profile: true,
  tokenDurationSecs: true,
  credentials: true,
  customCredentialsProvider: true,
  searchPath: true,
  options: true,
  ormPrefix: true,
  application_name: true,
  applicationName: true,
  ca: true,
  sslrootcert: true,
  sslmode: true,
  sslnegotiation: true,
  logger: true,
  telemetry: true,
  connectionTimeoutMillis: true,
  commitTimeoutMillis: true,
  keepAlive: true,
  keepAliveInitialDelayMillis: true,
  query_timeout: true,
  types: true,
  binary: true,
};

export const POOL_OPTIONS: Names<DsqlPoolOptions> = {
  ...CONNECTION_OPTIONS,
  max: true,
  min: true,
  idleTimeoutMillis: true,
  maxLifetimeSeconds: true,
  maxUses: true,
  allowExitOnIdle: true,
  autocommitRetry: true,
  onConnect: true,
  retry: true,
};

const UNSUPPORTED_PARAMETER =
  "DSQL ends a connection whose startup packet names it (only the session parameters in its user guide are accepted).";

/** Names that pg or libpq know and DSQL or this package does not support, with what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  statement_timeout: `${UNSUPPORTED_PARAMETER} Use query_timeout, which pg enforces on the client.`,
  lock_timeout: `${UNSUPPORTED_PARAMETER} DSQL has no locks to wait for; omit it.`,
  idle_in_transaction_session_timeout: `${UNSUPPORTED_PARAMETER} DSQL ends a transaction after 5 minutes.`,
  password: "A signed IAM token is used instead. Omit it, and set credentials or profile.",
  ssl: "TLS is always verify-full. Use ca or sslrootcert for your own CA.",
  sslcert: "DSQL does not support client certificates; the signed IAM token identifies the user.",
  sslkey: "DSQL does not support client certificates; the signed IAM token identifies the user.",
  pipeline: "The commit guard needs the response to each statement before the next one is sent.",
  replication: "DSQL has no replication connections.",
  Client: "The pool's clients are DsqlClients.",
  Promise: "pg no longer supports another Promise.",
  stream: "Use hostaddr to connect to an address other than that of host.",
  connection: "Use hostaddr to connect to an address other than that of host.",
};

/** The position in a connection string of values that are not parameters. */
const POSITION: Readonly<Record<string, string>> = {
  host: "it is in front of the path",
  port: "it follows the host",
  user: "it is in front of the host, with an @",
  database: "it is the path",
};

/**
 * Checks the names of an options object.
 * @throws DsqlConfigError for a name that is unknown, or that DSQL or this package refuses; undefined and null values are
 * ignored
 */
export function checkOptionNames(options: object, kind: "connection" | "pool"): void {
  demandObject(
    options,
    `The argument of ${kind === "pool" ? "DsqlPool" : "DsqlClient"}`,
    "an options object or a connection string",
  );
  const known: Readonly<Record<string, true>> = kind === "pool" ? POOL_OPTIONS : CONNECTION_OPTIONS;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || Object.hasOwn(known, name)) continue;
    if (kind === "connection" && Object.hasOwn(POOL_OPTIONS, name))
      throw new DsqlConfigError(
        `${name} is an option of DsqlPool; DsqlClient does not support it.${name === "retry" ? " Pass retry options to transactionWithRetry(work, options)." : ""}`,
      );
    refuseName(name, Object.keys(known), "option");
  }
}

/** @throws DsqlConfigError always: with advice for a name of pg or libpq, with the nearest known name for any other */
export function refuseName(name: string, known: string[], what: "option" | "parameter"): never {
  const advice = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
  if (advice !== undefined) throw new DsqlConfigError(`${name} is not accepted. ${advice}`);
  if (what === "parameter" && Object.hasOwn(POOL_OPTIONS, name))
    throw new DsqlConfigError(
      `${name} is not a parameter of a connection string: ${POSITION[name] ?? "set it as an option beside connectionString"}.`,
    );
  const shown = /^[\w.-]{1,40}$/.test(name) ? `"${name}"` : "a name";
  const meant =
    didYouMean(name, known) || (what === "parameter" ? ` The known parameters are ${known.join(", ")}.` : "");
  throw new DsqlConfigError(`Unknown ${what} ${shown}.${meant}`);
}
