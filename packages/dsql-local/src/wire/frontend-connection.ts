import type { Duplex } from "node:stream";
import { MessageStream } from "./message-stream.ts";

/** The largest message that DSQL accepts; a larger one closes the socket without an error (as observed). */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

/** A client's side of a session, after TLS. */
export class FrontendConnection extends MessageStream {
  /**
   * Whether the client has a transaction open or a response outstanding; the session keeps it true until the
   * last ReadyForQuery, so that an expired session is not closed inside a transaction.
   */
  busy = true;
  #expired = false;

  constructor(socket: Duplex, received?: Buffer) {
    super(socket, { maxMessageBytes: MAX_MESSAGE_BYTES, received });
  }

  /** The session has expired: it is closed as soon as it is not busy. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Closes the session now, or after its transaction if it is busy. */
  expire(): void {
    this.#expired = true;
    if (!this.busy) this.destroy();
  }
}
