import type { BackendConnection, BackendResult } from "../wire/backend-connection.ts";
import { BackendError } from "../wire/backend-error.ts";

/**
 * The endpoint's own connection as superuser, opened when first needed; one query at a time.
 *
 * All sessions share it, so a query that could wait for a lock must not run here.
 */
export class AdminConnection {
  readonly #open: () => Promise<BackendConnection>;
  #connection: Promise<BackendConnection> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(open: () => Promise<BackendConnection>) {
    this.#open = open;
  }

  /** Runs one statement and returns its rows. @throws {BackendError} @throws {BackendGoneError} */
  rows(sql: string): Promise<BackendResult["rows"]> {
    const rows = this.#last.then(async () => {
      if (this.#closed) return [];
      const connection = await this.#connected();
      try {
        const [result] = await connection.query(sql);
        return result?.rows ?? [];
      } catch (error) {
        // The next query opens a new connection.
        if (!(error instanceof BackendError)) this.#connection = undefined;
        throw error;
      }
    });
    this.#last = rows.catch(() => {});
    return rows;
  }

  #connected(): Promise<BackendConnection> {
    this.#connection ??= this.#open().catch((error: unknown) => {
      // PostgreSQL may be starting up; the next query tries again.
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.end();
  }
}
