import type { DsqlClient } from "../client/dsql-client.ts";

/** Hears what happens to connections. */
export interface PoolListener {
  /** May throw: then the connection is closed, and the caller who waits for it gets the error. */
  opened(client: DsqlClient, elapsedMs: number): void;
  openFailed(error: Error, elapsedMs: number): void;
  closed(client: DsqlClient, lifetimeMs: number): void;
  /** A connection that nobody used has broken. */
  idleLost(error: Error, client: DsqlClient): void;
}
