import type { Client, Connection } from "pg";

/**
 * The parts of a pg 8 client that its types leave out and this package needs: to log in again with the same client, and to
 * know whether a client is ready for a statement. pg 8.16 to 8.23 all have them.
 */
export interface PgClientInternals {
  connection: Connection & { parsedStatements: Readonly<Record<string, unknown>> };
  connectionParameters: Record<string, unknown>;
  password: unknown;
  readyForQuery?: boolean | undefined;
  processID: number | null;
  secretKey: number | null;
  _connecting: boolean;
  _connected: boolean;
  _connectionError: boolean;
  _connectionCallback: unknown;
  _ending: boolean;
  _ended: boolean;
  _queryable: boolean;
  /** Rejects every statement that is running or waiting. */
  _errorAllQueries(error: unknown): void;
  ref(): void;
  unref(): void;
}

export function internalsOf(client: Client): PgClientInternals {
  return client as unknown as PgClientInternals;
}
