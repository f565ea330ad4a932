import type { DsqlClient } from "../client/dsql-client.ts";

/** Notified of what happens to connections. */
export interface PoolListener {
  /** May throw: then the connection is closed, and the caller who waits for it gets the error. */
  opened(client: DsqlClient, elapsedMs: number): void;
  openFailed(error: Error, elapsedMs: number): void;
  closed(client: DsqlClient, lifetimeMs: number): void;
  /** An idle connection was lost. */
  idleLost(error: Error, client: DsqlClient): void;
}
