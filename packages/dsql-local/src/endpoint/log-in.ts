import { type AccessKey, verifyToken } from "../auth/verify-token.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { ConnectionRate } from "../cluster/limits.ts";
import { encodingRefusal } from "../rules/parameters.ts";
import type { BackendConnection } from "../wire/backend-connection.ts";
import {
  authenticationCleartextPassword,
  authenticationOk,
  backendKeyData,
  negotiateProtocolVersion,
  parameterStatus,
  readyForQuery,
} from "../wire/backend-messages.ts";
import type { FrontendConnection } from "../wire/frontend-connection.ts";
import { Frontend } from "../wire/message-types.ts";
import { accessDenied, loginRefused, TOO_MANY, tooManyConnections } from "./login-refused.ts";
import { openRoleBackend } from "./open-role-backend.ts";
import type { StartupRequest } from "./startup-parameters.ts";

/** The SQLSTATE for more new connections per second than the cluster allows. */
const TOO_FAST = "53400";

export interface LoginContext {
  cluster: Cluster;
  credentials: AccessKey;
  /** The endpoint's own names. */
  hosts: readonly string[];
  region: string;
  rate: ConnectionRate;
}

/**
 * One of the sessions that `maxConnections` allows. The caller passes an empty object, so that it can release the slot also
 * if the login fails after it was taken.
 */
export interface SessionSlot {
  /** Set once the slot is taken. */
  release?: (() => void) | undefined;
}

/**
 * Admits a client, verifies its token, and opens a connection to PostgreSQL for its session. Each check comes where a
 * cluster makes it; those of faults come from tests that have armed one.
 * @throws {LoginRefused}
 */
export async function logIn(
  client: FrontendConnection,
  request: StartupRequest,
  sni: string | undefined,
  context: LoginContext,
  slot: SessionSlot,
): Promise<BackendConnection> {
  const { cluster } = context;
  if (!sni)
    throw loginRefused(
      "08006",
      "unable to accept connection, sni was not received",
      "the client sent no SNI",
    );
  checkAdmission(context, slot);
  checkRequest(request);
  client.write(authenticationCleartextPassword);
  const message = await client.next();
  if (!message) throw new Error("the client disconnected before it sent a token");
  if (message.type !== Frontend.Password)
    throw loginRefused("08P01", "expected password response", "no password arrived");
  // The token ends with a zero byte.
  const token = message.body.toString("utf8", 0, Math.max(0, message.body.length - 1));
  checkToken(token, request.user, context);
  return openRoleBackend(request, cluster);
}

/** Takes a slot, if the limits on new connections per second and on sessions allow it. */
function checkAdmission({ cluster, rate }: LoginContext, slot: SessionSlot): void {
  const fault = cluster.faults.atConnect();
  if (!rate.take() || fault === TOO_FAST) {
    throw loginRefused(
      TOO_FAST,
      "Unable to accept connection, rate exceeded.",
      "too many new connections per second",
    );
  }
  const release = fault === TOO_MANY ? undefined : cluster.admit();
  if (!release) throw tooManyConnections("too many connections");
  slot.release = release;
}

function checkRequest({ database, parameters, unsupported }: StartupRequest): void {
  const encoding = encodingRefusal(parameters.get("client_encoding"));
  if (encoding !== undefined) throw loginRefused("0A000", encoding, encoding);
  if (unsupported !== undefined) {
    const text = `setting configuration parameter "${unsupported}" not supported`;
    throw loginRefused("0A000", text, `startup parameter "${unsupported}" is not supported`);
  }
  if (database !== "postgres") {
    throw loginRefused("3D000", `database "${database}" does not exist`, `the only database is "postgres"`);
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
  if (fault === "invalid") throw accessDenied('refused by refuseTokens("invalid")');
  throw accessDenied(
    'refused by refuseTokens("expired")',
    "Signature expired: a fault makes the token expired",
  );
}

/** Sends what follows a successful login, up to the first ReadyForQuery. */
export function greet(
  client: FrontendConnection,
  backend: BackendConnection,
  request: StartupRequest,
  key: { processId: number; secretKey: number },
): void {
  if (request.protocolOptions) client.write(negotiateProtocolVersion(request.protocolOptions));
  client.write(authenticationOk);
  const parameters = new Map(backend.parameters);
  parameters
    .set("server_version", "16.15")
    .set("is_superuser", "off")
    .set("session_authorization", request.user);
  for (const [name, value] of parameters) client.write(parameterStatus(name, value));
  client.write(backendKeyData(key.processId, key.secretKey));
  client.write(readyForQuery("I"));
  // From now on an expired session can be closed.
  client.busy = false;
}
