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
import { accessDenied, refusal, TOO_MANY, tooManyConnections } from "./login-refused.ts";
import { openRoleBackend } from "./open-role-backend.ts";
import type { StartupRequest } from "./startup-parameters.ts";

export interface LoginContext {
  cluster: Cluster;
  credentials: AccessKey;
  /** The endpoint's own names. */
  hosts: readonly string[];
  region: string;
  rate: ConnectionRate;
}

/** One of the places that `maxConnections` counts, once it is taken. */
export interface SessionPlace {
  leave?: (() => void) | undefined;
}

/**
 * Everything between the startup packet and the first ReadyForQuery. `place` gets what gives it back.
 * @throws {LoginRefused}
 */
export async function logIn(
  client: FrontendConnection,
  request: StartupRequest,
  sni: string | undefined,
  context: LoginContext,
  place: SessionPlace,
): Promise<BackendConnection> {
  const { cluster } = context;
  if (!sni)
    throw refusal("08006", "unable to accept connection, sni was not received", "the client sent no SNI");
  checkAdmission(context, place);
  checkRequest(request);
  client.write(authenticationCleartextPassword);
  const message = await client.next();
  if (!message) throw new Error("the client went away before it sent a token");
  if (message.type !== Frontend.Password)
    throw refusal("08P01", "expected password response", "no password came");
  checkToken(message.body.toString("utf8", 0, Math.max(0, message.body.length - 1)), request.user, context);
  return openRoleBackend(request, cluster);
}

function checkAdmission({ cluster, rate }: LoginContext, place: SessionPlace): void {
  const fault = cluster.faults.atConnect();
  if (!rate.take() || fault === "53400") {
    throw refusal(
      "53400",
      "Unable to accept connection, rate exceeded.",
      "too many new connections a second",
    );
  }
  const leave = fault === TOO_MANY ? undefined : cluster.admit();
  if (!leave) throw tooManyConnections("too many connections");
  place.leave = leave;
}

function checkRequest({ database, parameters, unsupported }: StartupRequest): void {
  const encoding = encodingRefusal(parameters.get("client_encoding"));
  if (encoding !== undefined) throw refusal("0A000", encoding, encoding);
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
