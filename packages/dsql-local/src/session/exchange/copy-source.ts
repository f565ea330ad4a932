import type { BackendConnection } from "../../wire/backend-connection.ts";
import type { FrontendConnection } from "../../wire/frontend-connection.ts";
import { copyFail, sync } from "../../wire/frontend-messages.ts";
import type { WireMessage } from "../../wire/message-reader.ts";
import { Frontend } from "../../wire/message-types.ts";

/** No transaction of this size can commit, so rows beyond it are read and discarded. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** The client disconnected, or sent an invalid message: the session is over. */
export class ClientGoneError extends Error {
  override readonly name = "ClientGoneError";
}

/**
 * The rows of a COPY FROM STDIN. A client may be slow to send them and must hold no locks meanwhile, so the statement
 * runs twice: the first time PostgreSQL's request for rows is forwarded to the client and the statement is abandoned;
 * once all rows have arrived, it is run with them.
 */
export class CopySource {
  readonly #client: FrontendConnection;
  readonly #extended: boolean;
  #rows: Buffer[] | undefined;
  /** True once the client has been asked for rows. */
  started = false;

  constructor(client: FrontendConnection, extended: boolean) {
    this.#client = client;
    this.#extended = extended;
  }

  /** Responds to PostgreSQL's request for rows: with the rows, or with a failure while they have not arrived. */
  feed(backend: BackendConnection, request: WireMessage): void {
    if (!this.started) this.#client.write(request.bytes);
    this.started = true;
    for (const bytes of this.#rows ?? [copyFail("the rows have not arrived yet")]) backend.write(bytes);
    // While it copies, PostgreSQL ignores the Sync that came with the request.
    if (this.#extended) backend.write(sync);
  }

  /** Reads the rows from the client. @throws {ClientGoneError} */
  async gather(): Promise<void> {
    let rows: Buffer[] = [];
    let gatheredBytes = 0;
    for (;;) {
      const message = await this.#client.next();
      if (!message) throw new ClientGoneError("the client closed the connection during COPY");
      if (message.type === Frontend.Sync || message.type === Frontend.Flush) continue;
      if (message.type === Frontend.CopyData) {
        gatheredBytes += message.bytes.length;
        if (gatheredBytes <= MAX_BUFFERED_BYTES) rows.push(message.bytes);
        continue;
      }
      const ends = message.type === Frontend.CopyDone || message.type === Frontend.CopyFail;
      if (gatheredBytes > MAX_BUFFERED_BYTES) rows = [copyFail("more rows than a transaction can write")];
      else rows.push(ends ? message.bytes : copyFail("unexpected message during COPY from stdin"));
      this.#rows = rows;
      return;
    }
  }
}
