import { type AccessKey, verifyToken } from "../auth/verify-token.ts";
import { SYNC_CREATE_INDEX_PARAMETER } from "../rules/parameters.ts";
import { BACKEND_SETTINGS } from "../session/backend-settings.ts";
import type { BackendConnection } from "../wire/backend-connection.ts";
import { BackendError, BackendGoneError } from "../wire/backend-error.ts";
import {
  authenticationCleartextPassword,
  authenticationOk,
  backendKeyData,
  negotiateProtocolVersion,
  parameterStatus,
  readyForQuery,
} from "../wire/backend-messages.ts";
import type { ErrorFields } from "../wire/error-fields.ts";
import type { FrontendConnection } from "../wire/frontend-connection.ts";
import { Frontend } from "../wire/message-types.ts";
import type { Cluster } from "./cluster.ts";
import type { ConnectionRate } from "./limits.ts";
import type { StartupRequest } from "./startup-parameters.ts";

/** A login that is refused: what the client is told, and why, for the log. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
  readonly fields: Omit<ErrorFields, "severity">;

  constructor(fields: Omit<ErrorFields, "severity">, reason: string) {
    super(reason);
    this.fields = fields;
  }
}

export interface LoginContext {
  cluster: Cluster;
  credentials: AccessKey;
  /** The endpoint's own names. */
  hosts: readonly string[];
  region: string;
  rate: ConnectionRate;
}

const refusal = (sqlstate: string, message: string, reason: string, hint?: string): LoginRefused =>
  new LoginRefused({ sqlstate, message, hint }, reason);
const accessDenied = (reason: string, hint?: string): LoginRefused =>
  refusal("08006", "unable to accept connection, access denied", reason, hint);

const TOO_MANY = "53300";
const tooManyConnections = (reason: string): LoginRefused =>
  refusal(TOO_MANY, "Unable to accept connection, too many open connections.", reason);

/** Everything between the startup packet and the first ReadyForQuery. @throws {LoginRefused} */
export async function logIn(
  client: FrontendConnection,
  request: StartupRequest,
  sni: string | undefined,
  context: LoginContext,
): Promise<BackendConnection> {
  const { cluster } = context;
  if (!sni)
    throw refusal("08006", "unable to accept connection, sni was not received", "the client sent no SNI");
  checkAdmission(context);
  checkRequest(request);
  client.write(authenticationCleartextPassword);
  const message = await client.next();
  if (message?.type !== Frontend.Password)
    throw refusal("08P01", "expected password response", "no password came");
  checkToken(message.body.toString("utf8", 0, Math.max(0, message.body.length - 1)), request.user, context);
  return openAs(request, cluster);
}

function checkAdmission({ cluster, rate }: LoginContext): void {
  const fault = cluster.faults.atConnect();
  const { maxConnections } = cluster.limits;
  if (!rate.take() || fault === "53400") {
    throw refusal(
      "53400",
      "Unable to accept connection, rate exceeded.",
      "too many new connections a second",
    );
  }
  if (cluster.stats.sessionsOpen >= maxConnections || fault === TOO_MANY) {
    throw tooManyConnections("too many connections");
  }
}

function checkRequest({ database, unsupported }: StartupRequest): void {
  if (unsupported !== undefined) {
    const text = `setting configuration parameter "${unsupported}" not supported`;
    throw refusal("0A000", text, `startup parameter "${unsupported}" is not supported`);
  }
  if (database !== "postgres") {
    throw refusal("3D000", `database "${database}" does not exist`, `there is one database, "postgres"`);
  }
}

function checkToken(token: string, user: string, context: LoginContext): void {
  const { cluster, credentials, hosts, region } = context;
  const fault = cluster.faults.atToken();
  const verdict = verifyToken(token, { credentials, hosts, region, user });
  if (verdict.valid && !fault) {
    cluster.stats.tokensVerified++;
    return;
  }
  cluster.stats.tokensRefused++;
  if (!verdict.valid) throw accessDenied(verdict.reason, verdict.hint);
  if (fault === "invalid") throw accessDenied("a fault was asked for");
  throw accessDenied("a fault was asked for", "Signature expired: the token is taken as expired, as a fault");
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Opens PostgreSQL's side and makes it act as the role. */
async function openAs({ user, parameters }: StartupRequest, cluster: Cluster): Promise<BackendConnection> {
  const known = [...parameters].map(([name, value]) => [
    name === "disable_sync_create_index" ? SYNC_CREATE_INDEX_PARAMETER : name,
    value,
  ]);
  try {
    const backend = await cluster.openBackend({
      ...BACKEND_SETTINGS,
      "dsql_local.max_rows": String(cluster.limits.maxRowsPerTransaction),
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

/** What a client is told once it is in. */
export function greet(
  client: FrontendConnection,
  backend: BackendConnection,
  request: StartupRequest,
  key: { processId: number; secretKey: number },
): void {
  if (request.protocolOptions) client.write(negotiateProtocolVersion(request.protocolOptions));
  client.write(authenticationOk);
  const told = new Map(backend.parameters);
  told.set("server_version", "16.15").set("is_superuser", "off").set("session_authorization", request.user);
  for (const [name, value] of told) client.write(parameterStatus(name, value));
  client.write(backendKeyData(key.processId, key.secretKey));
  client.write(readyForQuery("I"));
  client.busy = false;
}
