import type { EventEmitter } from "node:events";
import type { TextCommands, TransactionCommand } from "./transaction-command.ts";

/** The transaction status byte of ReadyForQuery: idle, in a transaction, in a failed one. */
export type TransactionStatus = "I" | "T" | "E";

/** What is known of a connection's session: the server's own words for what is answered, our book for what is on its way. */
export class SessionState {
  /** As of the last answer; undefined before the first. */
  status: TransactionStatus | undefined;
  /** Why the connection is gone. */
  lostBy: Error | undefined;
  /** A statement ran out of time and its answer is still to come, so that everything sent now would wait behind it. */
  unanswered = false;
  /** The server has answered an error, and its ReadyForQuery is on the way. */
  awaitingReady = false;
  /** A COMMIT has failed, so there is nothing left that a ROLLBACK could undo. */
  commitFailed = false;
  /** The error that made the open transaction fail. */
  spoiledBy: Error | undefined;
  #commandsOnTheirWay = 0;
  #openAfterThem = false;

  /**
   * Listens to a new connection, before pg does, so that callbacks of pg find the state up to date. What is queued is not
   * forgotten: pg sends it on the new connection. Until the first ReadyForQuery an error is the login's, not the session's.
   */
  watch(connection: EventEmitter): void {
    this.status = undefined;
    this.lostBy = undefined;
    this.unanswered = false;
    this.awaitingReady = false;
    this.commitFailed = false;
    this.spoiledBy = undefined;
    const lose = (reason: Error) => {
      if (this.status !== undefined) this.lostBy ??= reason;
    };
    connection.on("readyForQuery", (message: { status?: TransactionStatus }) => {
      this.status = message.status;
      // A COMMIT that the server did not understand has left the transaction open.
      if (message.status !== "I") this.commitFailed = false;
      this.unanswered = false;
      this.awaitingReady = false;
    });
    connection.on("errorMessage", (error: Error & { severity?: string }) => {
      if (error.severity === "FATAL" || error.severity === "PANIC") lose(error);
      else if (this.status === "T") this.spoiledBy ??= error;
      this.awaitingReady = true;
    });
    connection.on("error", lose);
    connection.on("end", () => lose(new Error("the connection was closed")));
  }

  /** Whether a transaction is open, once all that is on its way has been answered. */
  get open(): boolean {
    if (this.lostBy !== undefined) return false;
    return this.#commandsOnTheirWay > 0 ? this.#openAfterThem : this.status === "T" || this.status === "E";
  }

  /** What the commands of a text would do: leave a transaction open or not, or begin one inside another. */
  foresee(commands: TextCommands): { open: boolean; refused?: "nested" | "savepoint" } {
    let { open } = this;
    for (const command of listOf(commands)) {
      if (command === "savepoint") return { open, refused: "savepoint" };
      if (command === "begin" && open) return { open, refused: "nested" };
      if (command !== undefined) open = command === "begin";
    }
    return { open };
  }

  /** Notes that commands were sent; call the result when they are answered. */
  sent(open: boolean): () => void {
    this.#commandsOnTheirWay++;
    this.#openAfterThem = open;
    this.commitFailed = false;
    if (open) this.spoiledBy = undefined;
    return () => {
      this.#commandsOnTheirWay--;
    };
  }
}

/** The commands of a text as a list. */
export function listOf(commands: TextCommands): readonly (TransactionCommand | undefined)[] {
  return typeof commands === "string" ? [commands] : (commands ?? []);
}
