import type { Fault } from "../../faults/fault-injector.ts";
import { errorResponse } from "../../wire/error-fields.ts";
import type { Problem } from "../exchange/problems.ts";
import type { SessionState } from "./session-state.ts";

/** A fault has cut the client's connection, or sent no response until the client closed it: the session is over. */
export class SessionCutError extends Error {
  override readonly name = "SessionCutError";
}

/** Waits for the round-trip latency that a test has set. */
export async function injectRoundTrip({ cluster }: SessionState): Promise<void> {
  if (cluster.faults.active) await cluster.faults.delayRoundTrip();
}

/** @throws {SessionCutError} */
export function injectBeforeBegin({ cluster, client }: SessionState): void {
  if (cluster.faults.active && cluster.faults.beforeBegin()) cut(client);
}

/** @throws {SessionCutError} when the client gets no response to its BEGIN */
export async function injectAfterBegin({ cluster, client }: SessionState): Promise<void> {
  if (cluster.faults.active && cluster.faults.afterBegin()) await dropResponse(client);
}

/** @throws {SessionCutError} when the client gets no response to its ROLLBACK */
export async function injectAfterRollback({ cluster, client }: SessionState): Promise<void> {
  if (cluster.faults.active && cluster.faults.afterRollback()) await dropResponse(client);
}

/** An error to send instead of running a statement; `start` returns the request that PostgreSQL gets before the cut. @throws {SessionCutError} */
export function injectInStatement(
  { cluster, client, backend }: SessionState,
  start: () => Buffer,
): Problem | undefined {
  const fault = cluster.faults.active ? cluster.faults.inStatement() : undefined;
  if (fault !== "cut") return fault?.severity === "FATAL" ? end(client, fault) : fault;
  backend.write(start());
  backend.flush();
  return cut(client);
}

/** An error to send instead of committing. @throws {SessionCutError} */
export async function injectBeforeCommit({ cluster, client }: SessionState): Promise<Problem | undefined> {
  if (!cluster.faults.active) return undefined;
  const fault = cluster.faults.beforeCommit();
  if (fault === "cut") return cut(client);
  if (!fault) await cluster.faults.delayCommit();
  return fault?.severity === "FATAL" ? end(client, fault) : fault;
}

/** An error to send although the commit has succeeded. @throws {SessionCutError} */
export async function injectedAfterCommit({ cluster, client }: SessionState): Promise<Problem | undefined> {
  const fault = cluster.faults.active ? cluster.faults.afterCommit() : undefined;
  if (fault === "cut") return cut(client);
  return fault === "drop" ? dropResponse(client) : fault;
}

/** Sends nothing and waits until the client closes the connection. */
async function dropResponse(client: SessionState["client"]): Promise<never> {
  client.flush();
  await client.closed;
  return cut(client);
}

/** Sends the error that ends the session; the caller of `runSession` closes the connection. */
function end(client: SessionState["client"], fatal: Exclude<Fault, "cut">): never {
  client.write(errorResponse(fatal));
  client.flush();
  throw new SessionCutError(fatal.message);
}

function cut(client: SessionState["client"]): never {
  client.destroy();
  throw new SessionCutError("a fault has cut the connection");
}
