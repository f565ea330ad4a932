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
      this.#connection ??= this.#open();
      try {
        const [result] = await (await this.#connection).query(sql);
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

  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.end();
  }
}
