/** The state and the counts of a pool. */
export interface DsqlPoolStats {
  /** Open connections, and those that are being opened. */
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
