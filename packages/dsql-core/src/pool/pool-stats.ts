/** What a pool is doing, and what it has done. */
export interface DsqlPoolStats {
  /** Connections that exist, being opened included. */
  total: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
  connectionsOpened: number;
  connectionsClosed: number;
  /** Connections that could not be opened. */
  connectionsFailed: number;
  tokensSigned: number;
  tokensFailed: number;
  /** Milliseconds. */
  slowestTokenMs: number;
}
