import type { BackendConnection } from "../wire/backend-connection.ts";
import type { FrontendConnection } from "../wire/frontend-connection.ts";
import { copyFail, sync } from "../wire/frontend-messages.ts";
import type { WireMessage } from "../wire/message-reader.ts";
import { Frontend } from "../wire/message-types.ts";

/** Above it rows go on to PostgreSQL as they come: no transaction of this size can commit anyway. */
const BUFFERED_BYTES = 24 * 1024 * 1024;

/** The client is gone in the middle of COPY. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/**
 * The rows of a COPY FROM STDIN. They are gathered before PostgreSQL gets the first one, so that a client that takes its
 * time holds no locks meanwhile, and so that the statement can be run again.
 */
export class CopySource {
  readonly #client: FrontendConnection;
  readonly #extended: boolean;
  #rows: Buffer[] | undefined;
  /** True once the client was asked for rows. */
  started = false;

  constructor(client: FrontendConnection, extended: boolean) {
    this.#client = client;
    this.#extended = extended;
  }

  /** Answers PostgreSQL's request for rows. @throws {ClientGoneError} */
  async feed(backend: BackendConnection, response: WireMessage): Promise<void> {
    if (!this.#rows) {
      this.started = true;
      this.#client.write(response.bytes);
      this.#rows = await this.#gather(backend);
    }
    for (const bytes of this.#rows) backend.write(bytes);
    // While it copies, PostgreSQL ignores the Sync that came with the request.
    if (this.#extended) backend.write(sync);
  }

  async #gather(backend: BackendConnection): Promise<Buffer[]> {
    let rows: Buffer[] = [];
    let gathered = 0;
    for (;;) {
      const message = await this.#client.next();
      if (!message) throw new ClientGoneError("the client closed the connection during COPY");
      if (message.type === Frontend.Sync || message.type === Frontend.Flush) continue;
      if (message.type !== Frontend.CopyData) {
        const ends = message.type === Frontend.CopyDone || message.type === Frontend.CopyFail;
        rows.push(ends ? message.bytes : copyFail("unexpected message during COPY from stdin"));
        return rows;
      }
      rows.push(message.bytes);
      gathered += message.bytes.length;
      if (gathered > BUFFERED_BYTES) {
        for (const bytes of rows) backend.write(bytes);
        rows = [];
        gathered = 0;
        await backend.drained();
      }
    }
  }
}
