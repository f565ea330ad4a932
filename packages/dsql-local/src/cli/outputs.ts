import type { LocalDsql, LocalEndpoint } from "../endpoint/local-dsql.ts";

/** How long the token of the banner's psql line is valid: DSQL's maximum. */
const WEEK_SECONDS = 604_800;

/** What `--json` prints, on one line. */
export interface JsonOutput extends JsonEndpoint {
  pid: number;
  endpoints: JsonEndpoint[];
}

interface JsonEndpoint {
  connectionString: string;
  host: string;
  hostaddr: string;
  port: number;
  region: string;
  clusterId: string;
  user: string;
  database: string;
  caPath: string;
  accessKeyId: string;
  secretAccessKey: string;
}

function jsonEndpoint(endpoint: Omit<LocalEndpoint, "takeAway" | "bringBack">): JsonEndpoint {
  const { connectionString, host, hostaddr, port, region, clusterId, user, database, caPath, credentials } =
    endpoint;
  const { accessKeyId, secretAccessKey } = credentials;
  const where = { connectionString, host, hostaddr, port, region, clusterId, user, database, caPath };
  return { ...where, accessKeyId, secretAccessKey };
}

export function jsonOutput(local: LocalDsql): JsonOutput {
  return { ...jsonEndpoint(local), pid: process.pid, endpoints: local.endpoints.map(jsonEndpoint) };
}

const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

/**
 * Lines for `eval` in a POSIX shell: what dsql-core, the AWS SDK and psql read. Names of the second Region's endpoint end
 * in `_2`, of the third's in `_3`.
 */
export function envOutput(json: JsonOutput): string {
  const variables: Record<string, string> = {
    DATABASE_URL: json.connectionString,
    AWS_ACCESS_KEY_ID: json.accessKeyId,
    AWS_SECRET_ACCESS_KEY: json.secretAccessKey,
    AWS_REGION: json.region,
    PGHOST: json.host,
    PGHOSTADDR: json.hostaddr,
    PGPORT: String(json.port),
    PGUSER: json.user,
    PGDATABASE: json.database,
    PGSSLMODE: "verify-full",
    PGSSLROOTCERT: json.caPath,
    DSQL_LOCAL_PID: String(json.pid),
  };
  json.endpoints.slice(1).forEach((endpoint, index) => {
    const number = index + 2;
    variables[`DATABASE_URL_${number}`] = endpoint.connectionString;
    variables[`AWS_REGION_${number}`] = endpoint.region;
    variables[`PGHOST_${number}`] = endpoint.host;
    variables[`PGPORT_${number}`] = String(endpoint.port);
  });
  return `${Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quote(value)}`)
    .join("\n")}\n`;
}

/** What a person sees: where to connect, and lines to copy. */
export function banner(
  local: LocalDsql,
  dataDir: string | undefined,
  heading: (text: string) => string,
): string {
  const { accessKeyId, secretAccessKey } = local.credentials;
  const sections = local.endpoints.map((endpoint) => {
    const psqlToken = endpoint.token({ expiresInSeconds: WEEK_SECONDS });
    return `${heading(endpoint.region)}
  ${endpoint.connectionString}

  psql:
    PGPASSWORD=${quote(psqlToken)} \\
      psql ${quote(endpoint.connectionString)}
`;
  });
  return `${heading("dsql-local is ready")} (process ${process.pid}, Ctrl-C stops it; ${dataDir ? `data in ${dataDir}` : "its data is removed then"})

${sections.join("\n")}
keys that tokens are signed with:
  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${quote(secretAccessKey)}

code:
  import { DsqlPool } from "dsql-core";
  const pool = new DsqlPool(${JSON.stringify(local.connectionString)});
  console.log((await pool.query("SELECT version()")).rows);

Statements that DSQL refuses are logged here, with what to write instead; the HINT of their errors says it too.
`;
}
