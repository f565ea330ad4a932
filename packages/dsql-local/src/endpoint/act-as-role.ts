import type { Cluster } from "../cluster/cluster.ts";
import { SYNC_CREATE_INDEX_PARAMETER } from "../rules/parameters.ts";
import type { BackendConnection } from "../wire/backend-connection.ts";
import { BackendError, BackendGoneError } from "../wire/backend-error.ts";
import { BACKEND_SETTINGS } from "./backend-settings.ts";
import { accessDenied, LoginRefused, refusal, TOO_MANY, tooManyConnections } from "./login-refused.ts";
import type { StartupRequest } from "./startup-parameters.ts";

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Parameters of DSQL's own; PostgreSQL keeps what it does not know, and RESET brings these back. */
const DSQL_DEFAULTS = { [SYNC_CREATE_INDEX_PARAMETER]: "on", "dsql.enable_batched_nestloop": "on" };

/** Opens PostgreSQL's side of a session and makes it act as the role. @throws {LoginRefused} */
export async function actAsRole(
  { user, parameters }: StartupRequest,
  cluster: Cluster,
): Promise<BackendConnection> {
  const known = [...parameters].map(([name, value]) => [
    name === "disable_sync_create_index" ? SYNC_CREATE_INDEX_PARAMETER : name,
    value,
  ]);
  try {
    const backend = await cluster.openBackend({
      ...BACKEND_SETTINGS,
      "dsql_local.max_rows": String(cluster.limits.maxRowsPerTransaction),
      "dsql_local.max_bytes": String(cluster.limits.maxTransactionBytes),
      ...DSQL_DEFAULTS,
      ...Object.fromEntries(known),
    });
    try {
      if (user !== "admin") await checkRole(backend, user);
      await backend.query(`SET SESSION AUTHORIZATION ${quoteName(user)}`);
      return backend;
    } catch (error) {
      backend.destroy();
      throw error;
    }
  } catch (error) {
    if (error instanceof BackendError && error.sqlstate === TOO_MANY) throw tooManyConnections(error.message);
    if (error instanceof BackendError) throw new LoginRefused(error.fields, error.message);
    if (error instanceof BackendGoneError) throw refusal("XX000", "server unavailable", error.message);
    throw error;
  }
}

/**
 * A role that may log in, and that AWS IAM GRANT has given to at least one IAM role; the endpoint's one key pair stands
 * for all of them.
 */
async function checkRole(backend: BackendConnection, role: string): Promise<void> {
  const name = quoteText(role);
  const [found] = await backend.query(
    `SELECT rolcanlogin, (SELECT count(*) > 0 FROM sys.iam_pg_role_mappings WHERE pg_role_name = ${name})
       FROM pg_catalog.pg_roles WHERE rolname = ${name} AND NOT rolsuper`,
  );
  const [canLogin, isMapped] = found?.rows[0] ?? [];
  if (canLogin === undefined) throw accessDenied(`there is no role ${name}`);
  if (canLogin !== "t")
    throw accessDenied(`role ${name} has no LOGIN attribute: ALTER ROLE ${quoteName(role)} WITH LOGIN`);
  if (isMapped !== "t")
    throw accessDenied(
      `no IAM role may use role ${name}: AWS IAM GRANT ${quoteName(role)} TO 'arn:aws:iam::…'`,
    );
}
