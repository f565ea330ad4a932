import { DsqlConfigError } from "../errors.ts";
import type { DsqlConnectionOptions } from "./connection-options.ts";
import { refuseName } from "./option-names.ts";

/** Parameters of a connection string; other DSQL connectors' spellings of the token's duration are accepted too. */
const PARAMETERS = {
  region: "region",
  profile: "profile",
  tokenDurationSecs: "tokenDurationSecs",
  "token-duration-secs": "tokenDurationSecs",
  token_duration_secs: "tokenDurationSecs",
  ormPrefix: "ormPrefix",
  hostaddr: "hostaddr",
  sslrootcert: "sslrootcert",
  sslnegotiation: "sslnegotiation",
  application_name: "application_name",
  options: "options",
  sslmode: "sslmode",
} as const;

const SHAPE =
  /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/i;
const AUTHORITY = /^(?:(?<user>.*)@)?(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>.*))?$/s;

/**
 * Reads `postgres://` or `postgresql://[user@]host[:port]/[database][?parameter=value&…]`, percent-encoded.
 * What the string does not contain is not in the result.
 * @throws DsqlConfigError for any other form or scheme, an unknown or repeated parameter, a password, or a weaker TLS mode
 */
export function parseConnectionString(text: string): DsqlConnectionOptions {
  if (typeof text !== "string") throw new DsqlConfigError("connectionString must be a string.");
  if (text.trim() === "")
    refuse(
      "It is empty: check that the environment variable that it comes from is set, for instance DATABASE_URL.",
    );
  if (/<[^<>]*>/.test(text))
    refuse(
      "It still contains a placeholder such as <cluster id>: replace it with the value of your cluster.",
    );
  const { scheme, authority = "", database, query } = SHAPE.exec(text.trim())?.groups ?? {};
  if (scheme === undefined)
    refuse(
      "It must have the form postgresql://[user@]host[:port]/[database][?parameters], and # must be written as %23.",
    );
  if (!/^postgres(ql)?$/i.test(scheme)) refuse("Its scheme must be postgresql or postgres.");
  const { user, host = "", port } = AUTHORITY.exec(authority)?.groups ?? {};
  if (host.includes(",")) refuse("It must name one host: a pool connects to one cluster endpoint.");
  const options: DsqlConnectionOptions = { ...readUser(user) };
  if (host !== "") options.host = decode(host.replace(/^\[(.*)\]$/, "$1"), "host");
  if (port !== undefined && port !== "") options.port = readNumber(port, "port");
  if (database) options.database = decode(database, "database");
  return { ...options, ...readParameters(query ?? "") };
}

/**
 * The options of a connection string, merged with the other options; one that is undefined or null is ignored.
 * @throws DsqlConfigError for a field that contradicts the connection string
 */
export function mergeConnectionString<O extends DsqlConnectionOptions>(config: O | string): O {
  const { connectionString, ...fields } =
    typeof config === "string" ? ({ connectionString: config } as O) : config;
  const given = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => (value ?? undefined) !== undefined),
  );
  if ((connectionString ?? undefined) === undefined) return given as O;
  const parsed = parseConnectionString(connectionString as string);
  for (const [name, value] of Object.entries(parsed)) {
    if (Object.hasOwn(given, name) && comparable(given[name]) !== comparable(value))
      throw new DsqlConfigError(`${name} contradicts the connection string: remove one of the two.`);
  }
  return { ...parsed, ...given } as O;
}

/** A port may be a string, and host names are case-insensitive. */
function comparable(value: unknown): string {
  return String(value).trim().toLowerCase().replace(/\.$/, "");
}

function readUser(user: string | undefined): DsqlConnectionOptions {
  if (user === undefined) return {};
  const colon = user.indexOf(":");
  if (colon !== -1 && colon !== user.length - 1)
    refuse(
      "It must not contain a password: a signed IAM token is used instead. Remove the password, and change it if it was a real one.",
    );
  const name = decode(colon === -1 ? user : user.slice(0, colon), "user");
  return name === "" ? {} : { user: name };
}

function readParameters(query: string): DsqlConnectionOptions {
  const values: Record<string, string> = {};
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals === -1 ? pair : pair.slice(0, equals), "parameter name");
    if (!Object.hasOwn(PARAMETERS, name)) refuseName(name, Object.keys(PARAMETERS), "parameter");
    const target = PARAMETERS[name as keyof typeof PARAMETERS];
    if (Object.hasOwn(values, target)) refuse(`It gives ${target} twice.`);
    const value = equals === -1 ? "" : decode(pair.slice(equals + 1), name);
    if (value === "") refuse(`Its parameter ${name} is empty.`);
    values[target] = value;
  }
  const { sslmode, tokenDurationSecs, sslnegotiation, ...texts } = values;
  if (sslmode !== undefined && sslmode !== "verify-full")
    refuse("Its sslmode can only be verify-full: DSQL connections are always encrypted and verified.");
  const options: DsqlConnectionOptions = { ...texts };
  if (tokenDurationSecs !== undefined)
    options.tokenDurationSecs = readNumber(tokenDurationSecs, "tokenDurationSecs");
  // Checked later, with the other options.
  if (sslnegotiation !== undefined) options.sslnegotiation = sslnegotiation as "direct";
  return options;
}

function readNumber(text: string, name: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : refuse(`Its ${name} is not a whole number.`);
}

function decode(text: string, name: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(`Its ${name} is not percent-encoded UTF-8.`);
  }
}

// The text itself is never shown: it may contain a password.
function refuse(reason: string): never {
  throw new DsqlConfigError(`The connection string cannot be used. ${reason}`);
}
