import type { Duplex } from "node:stream";
import { MessageStream } from "./message-stream.ts";

/** The largest message that DSQL takes; a larger one closes the socket without a word (as observed). */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

/** A client's side of a session, after TLS. */
export class FrontendConnection extends MessageStream {
  /**
   * Whether the client has a transaction open or an answer outstanding; the session keeps it true to the last
   * ReadyForQuery, so that a session that has come of age is not closed inside a transaction.
   */
  busy = true;
  #expired = false;

  constructor(socket: Duplex, received?: Buffer) {
    super(socket, { maxMessageBytes: MAX_MESSAGE_BYTES, received });
  }

  /** The session is past its age: it is to be closed as soon as it is not busy. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Closes the session now, or where it is busy lets it see `expired` after its transaction. */
  expire(): void {
    this.#expired = true;
    if (!this.busy) this.destroy();
  }
}
