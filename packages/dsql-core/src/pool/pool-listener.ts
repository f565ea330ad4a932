import type { DsqlClient } from "../client/dsql-client.ts";

/** Called when a connection was opened, closed or lost. */
export interface PoolListener {
  /** May throw: then the connection is closed, and the caller that waits for it receives the error. */
  opened(client: DsqlClient, elapsedMs: number): void;
  openFailed(error: Error, elapsedMs: number): void;
  closed(client: DsqlClient, lifetimeMs: number): void;
  /** An idle connection was lost. */
  idleLost(error: Error, client: DsqlClient): void;
}
