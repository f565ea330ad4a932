import type { Cluster } from "../cluster/cluster.ts";
import { SUPERUSER } from "../postgres/data-directory.ts";
import { SYNC_CREATE_INDEX_PARAMETER } from "../rules/parameters.ts";
import { identifier, literal } from "../sql/quoting.ts";
import type { BackendConnection } from "../wire/backend-connection.ts";
import { BackendError, BackendGoneError } from "../wire/backend-error.ts";
import { accessDenied, LoginRefused, loginRefused, TOO_MANY, tooManyConnections } from "./login-refused.ts";
import type { StartupRequest } from "./startup-parameters.ts";

/** PostgreSQL's SQLSTATE for a role that does not exist or may not log in. */
const NO_LOGIN = "28000";

/**
 * Opens the PostgreSQL side of a session. It logs in as the client's own role, so that no SQL can turn it into a more
 * powerful one. @throws {LoginRefused}
 */
export async function openRoleBackend(
  { user, parameters }: StartupRequest,
  cluster: Cluster,
): Promise<BackendConnection> {
  if (user === SUPERUSER) throw accessDenied(`role ${user} belongs to dsql-local itself`);
  const settings = [...parameters].map(([name, value]) => [
    name === "disable_sync_create_index" ? SYNC_CREATE_INDEX_PARAMETER : name,
    value,
  ]);
  try {
    const backend = await cluster.openRoleBackend(user, {
      // Lock waits are reported to the session at this level.
      client_min_messages: "log",
      "dsql_local.max_rows": String(cluster.limits.maxRowsPerTransaction),
      ...Object.fromEntries(settings),
    });
    try {
      if (user !== "admin") await checkMapping(backend, user);
      return backend;
    } catch (error) {
      backend.destroy();
      throw error;
    }
  } catch (error) {
    if (error instanceof BackendError && error.sqlstate === TOO_MANY) throw tooManyConnections(error.message);
    if (error instanceof BackendError && error.sqlstate === NO_LOGIN) throw accessDenied(error.message);
    if (error instanceof BackendError) throw new LoginRefused(error.fields, error.message);
    if (error instanceof BackendGoneError) throw loginRefused("XX000", "server unavailable", error.message);
    throw error;
  }
}

/** The role must have been granted to at least one IAM role with AWS IAM GRANT; the endpoint's one key pair is valid for all of them. */
async function checkMapping(backend: BackendConnection, role: string): Promise<void> {
  const [found] = await backend.query(
    `SELECT FROM sys.iam_pg_role_mappings WHERE pg_role_name = ${literal(role)} LIMIT 1`,
  );
  if (found?.rows.length === 0) {
    const grant = `AWS IAM GRANT ${identifier(role)} TO 'arn:aws:iam::…'`;
    throw accessDenied(`no IAM role is mapped to role ${role}: run ${grant}`);
  }
}
