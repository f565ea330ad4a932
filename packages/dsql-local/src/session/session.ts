import type { Cluster } from "../cluster/cluster.ts";
import { isParserLoaded, loadParser } from "../sql/pg-parser.ts";
import type { BackendConnection } from "../wire/backend-connection.ts";
import { readyForQuery } from "../wire/backend-messages.ts";
import { errorResponse } from "../wire/error-fields.ts";
import type { FrontendConnection } from "../wire/frontend-connection.ts";
import type { WireMessage } from "../wire/message-reader.ts";
import { Frontend } from "../wire/message-types.ts";
import { ClientGoneError } from "./exchange/copy-source.ts";
import { ExtendedProtocol } from "./extended/extended-protocol.ts";
import { SuspendedPortals } from "./extended/suspended-portals.ts";
import { SimpleProtocol } from "./simple-protocol.ts";
import { injectRoundTrip, SessionCutError } from "./transaction/faults.ts";
import { SessionState } from "./transaction/session-state.ts";
import { TransactionControl } from "./transaction/transaction-control.ts";

/** A client that has logged in, and the PostgreSQL connection that serves it. */
export interface SessionContext {
  client: FrontendConnection;
  /** Logged in as `role`. */
  backend: BackendConnection;
  cluster: Cluster;
  role: string;
  /** The Region of the endpoint that the client connected to. */
  region: string;
  /** Session parameters of the startup packet that PostgreSQL does not know, e.g. `disable_sync_create_index`. */
  dsqlParameters: ReadonlyMap<string, string>;
}

const GATHERED: ReadonlySet<number> = new Set([
  Frontend.Parse,
  Frontend.Bind,
  Frontend.Describe,
  Frontend.Execute,
  Frontend.Close,
]);

/** Serves a client until one side closes the connection. */
export async function runSession({ client, backend, cluster }: SessionContext): Promise<void> {
  const session = new SessionState(client, backend, cluster);
  const { locks } = session.adjudicator;
  locks.register(backend.processId, session);
  try {
    await serve(session);
  } catch (error) {
    if (!(error instanceof SessionCutError || error instanceof ClientGoneError)) throw error;
  } finally {
    locks.unregister(backend.processId);
    session.close();
  }
}

async function serve(session: SessionState): Promise<void> {
  const { client } = session;
  const control = new TransactionControl(session);
  const simple = new SimpleProtocol(session, control);
  const suspended = new SuspendedPortals(session);
  const extended = new ExtendedProtocol(session, control, suspended);
  for (;;) {
    const message = client.poll() ?? (await client.next());
    if (!message || message.type === Frontend.Terminate) return;
    client.busy = true;
    if (GATHERED.has(message.type)) {
      extended.gather(message);
      continue;
    }
    // Another client's SQL may have overflowed the parser's stack, after which the parser must be loaded again.
    if (!isParserLoaded()) await loadParser();
    if (!(await take(message, session, simple, extended))) continue;
    const { status } = session;
    client.busy = status !== "I";
    client.write(readyForQuery(status));
    if (client.expired && !client.busy) return;
  }
}

/** Handles one message; returns whether ReadyForQuery is due. */
async function take(
  message: WireMessage,
  session: SessionState,
  simple: SimpleProtocol,
  extended: ExtendedProtocol,
): Promise<boolean> {
  switch (message.type) {
    case Frontend.Query:
      await injectRoundTrip(session);
      await simple.run(message.body.subarray(0, Math.max(0, message.body.length - 1)));
      return true;
    case Frontend.Sync:
    case Frontend.Flush:
      await injectRoundTrip(session);
      return extended.run(message.type === Frontend.Sync);
    case Frontend.CopyData:
    case Frontend.CopyDone:
    case Frontend.CopyFail:
      // Left over from a failed COPY.
      return false;
    case Frontend.FunctionCall:
      session.client.write(errorResponse({ sqlstate: "0A000", message: "function calls are not supported" }));
      return true;
    default:
      session.client.write(
        errorResponse({
          severity: "FATAL",
          sqlstate: "08P01",
          message: `invalid frontend message type ${message.type}`,
        }),
      );
      session.client.flush();
      throw new ClientGoneError(`the client sent a message of type ${message.type}`);
  }
}
