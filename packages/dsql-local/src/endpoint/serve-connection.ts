import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { runSession } from "../session/session.ts";
import type { BackendConnection } from "../wire/backend-connection.ts";
import { errorResponse } from "../wire/error-fields.ts";
import { FrontendConnection } from "../wire/frontend-connection.ts";
import { cancelAfterDisconnect } from "./cancel-after-disconnect.ts";
import { greet, type LoginContext, logIn, type SessionSlot } from "./log-in.ts";
import { LoginRefused } from "./login-refused.ts";
import { openConnection } from "./open-connection.ts";
import { readStartupParameters, type StartupRequest } from "./startup-parameters.ts";

/** Serves a connection from its first byte to its end; never rejects, and leaves nothing open. */
export async function serveConnection(
  socket: Socket,
  tls: SecureContext,
  context: LoginContext,
): Promise<void> {
  const { cluster } = context;
  // The reader of the socket notices its end; without a listener the error would end the process.
  socket.on("error", () => undefined);
  const loginTimer = setTimeout(() => socket.destroy(), cluster.limits.loginTimeoutMs);
  let client: FrontendConnection | undefined;
  const slot: SessionSlot = {};
  try {
    const opened = await openConnection(socket, tls);
    if (!opened) return;
    if (opened.kind === "cancel") return await cluster.cancel(opened.processId, opened.secretKey);
    client = new FrontendConnection(opened.socket, opened.received);
    const request = readStartupParameters(opened.packet);
    const { sni } = opened;
    await serveClient(client, { request, sni, context, slot, onLoggedIn: () => clearTimeout(loginTimer) });
  } catch (error) {
    // A message that is too long, or a stopped PostgreSQL, ends this session only. A client that disconnects is not logged.
    if (!client?.ended) cluster.log(`session ended: ${(error as Error).message}`);
  } finally {
    clearTimeout(loginTimer);
    slot.release?.();
    client?.destroy();
    socket.destroySoon();
  }
}

async function serveClient(
  client: FrontendConnection,
  login: {
    request: StartupRequest;
    sni: string | undefined;
    context: LoginContext;
    slot: SessionSlot;
    onLoggedIn: () => void;
  },
): Promise<void> {
  const { request, sni, context, slot, onLoggedIn } = login;
  const { cluster } = context;
  let backend: BackendConnection;
  try {
    backend = await logIn(client, request, sni, context, slot);
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    cluster.log(`login of ${JSON.stringify(request.user)} refused: ${error.message}`);
    client.write(errorResponse({ ...error.fields, severity: "FATAL" }));
    return client.end();
  }
  try {
    onLoggedIn();
    await serveSession(client, backend, request, context);
  } finally {
    // PostgreSQL notices a closed connection only after the statement that it is running.
    if (client.busy && !backend.ended) await backend.cancel().catch(() => undefined);
    backend.destroy();
    slot.release?.();
  }
  // The session's last messages must still arrive.
  await client.end();
}

async function serveSession(
  client: FrontendConnection,
  backend: BackendConnection,
  request: StartupRequest,
  { cluster, region }: LoginContext,
): Promise<void> {
  cluster.stats.sessionsOpen++;
  const key = cluster.registerCancellation(() => backend.cancel());
  const ageTimer = setTimeout(() => client.expire(), cluster.limits.maxSessionAgeMs);
  ageTimer.unref();
  const watch = cancelAfterDisconnect(client, () => backend.cancel());
  try {
    greet(client, backend, request, key);
    const dsqlParameters = new Map(
      [...request.parameters].filter(([name]) => name === "disable_sync_create_index"),
    );
    await runSession({ client, backend, cluster, role: request.user, region, dsqlParameters });
  } finally {
    watch.stop();
    clearTimeout(ageTimer);
    key.forget();
    cluster.stats.sessionsOpen--;
  }
}
