import type { Cluster } from "../endpoint/cluster.ts";
import type { BackendConnection } from "../wire/backend-connection.ts";
import { commandComplete, parseCommandTag, readyForQuery } from "../wire/backend-messages.ts";
import { errorResponse, parseErrorFields } from "../wire/error-fields.ts";
import type { FrontendConnection } from "../wire/frontend-connection.ts";
import { query } from "../wire/frontend-messages.ts";
import { Backend, Frontend } from "../wire/message-types.ts";

/** A client that has logged in, and the PostgreSQL connection that works for it. */
export interface SessionContext {
  client: FrontendConnection;
  /** Acts as `role`; `RESET SESSION AUTHORIZATION` in a query of our own makes it the superuser. */
  backend: BackendConnection;
  cluster: Cluster;
  role: string;
  /** The Region of the endpoint that the client came to. */
  region: string;
  /** Session parameters of the startup packet that PostgreSQL does not know, e.g. `disable_sync_create_index`. */
  dsqlParameters: ReadonlyMap<string, string>;
}

const CONFLICT = errorResponse({
  sqlstate: "40001",
  message: "change conflicts with another transaction (OC000)",
});
const CONFLICT_STATES = new Set(["40001", "55P03", "40P01"]);
const plain = (type: number): boolean =>
  type !== Backend.ErrorResponse && type !== Backend.ReadyForQuery && type !== Backend.CommandComplete;

/** Serves a client until one side closes. */
export async function runSession(session: SessionContext): Promise<void> {
  const state: PumpState = { inTransaction: false, replacements: [] };
  await Promise.race([pumpFromClient(session, state), pumpFromBackend(session, state)]);
}

interface PumpState {
  inTransaction: boolean;
  /** Errors to answer in place of the next command tags. */
  replacements: Buffer[];
}

async function pumpFromClient(session: SessionContext, state: PumpState): Promise<void> {
  const { client, backend, cluster } = session;
  const { faults } = cluster;
  for (;;) {
    const message = await client.next();
    if (!message || message.type === Frontend.Terminate) return;
    client.busy = true;
    let bytes = message.bytes;
    if (faults.active && (message.type === Frontend.Query || message.type === Frontend.Sync)) {
      await faults.delayRoundTrip();
      const sql = message.type === Frontend.Query ? message.body.toString("utf8") : "";
      const isCommit = /^\s*(commit|end)\b/i.test(sql);
      const isWrite = !state.inTransaction && /^\s*(insert|update|delete|with)\b/i.test(sql);
      if (/^\s*(begin|start)\b/i.test(sql) && faults.beforeBegin()) return;
      if (isCommit || isWrite) {
        const fault = faults.beforeCommit();
        if (fault === "cut") return;
        if (fault) {
          state.replacements.push(errorResponse(fault));
          bytes = query(isCommit ? "ROLLBACK" : "SELECT 1 WHERE false");
        }
        await faults.delayCommit();
      }
    }
    backend.write(bytes);
    await backend.drained();
  }
}

async function pumpFromBackend(session: SessionContext, state: PumpState): Promise<void> {
  const { client, backend, cluster } = session;
  for (;;) {
    const run = backend.pollRun(plain);
    if (run) client.write(run);
    const message = backend.poll();
    if (!message) {
      if (!(await backend.readable()) && !backend.peek()) return;
      await client.drained();
      continue;
    }
    if (message.type === Backend.CommandComplete) {
      const tag = parseCommandTag(message.body);
      const replacement = state.replacements.shift();
      if (
        !replacement &&
        cluster.faults.active &&
        (tag === "COMMIT" || (!state.inTransaction && /^(INS|UPD|DEL)/.test(tag)))
      ) {
        const fault = cluster.faults.afterCommit();
        if (fault === "cut") return;
        if (fault === "swallow") {
          await backend.next();
          continue;
        }
        if (fault) {
          client.write(errorResponse(fault));
          continue;
        }
      }
      client.write(replacement ?? commandComplete(tag));
    } else if (message.type === Backend.ReadyForQuery) {
      const status = String.fromCharCode(message.body[0] as number) as "I" | "T" | "E";
      state.inTransaction = status !== "I";
      client.busy = state.inTransaction;
      client.write(readyForQuery(status));
      if (client.expired && !client.busy) return;
    } else {
      const { sqlstate } = parseErrorFields(message.body);
      client.write(CONFLICT_STATES.has(sqlstate) ? CONFLICT : message.bytes);
    }
  }
}
