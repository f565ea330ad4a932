import type { EventEmitter } from "node:events";
import type { TextCommands, TransactionCommand } from "./transaction-command.ts";

/** The transaction status byte of ReadyForQuery: idle, in a transaction, in a failed one. */
export type TransactionStatus = "I" | "T" | "E";

/**
 * The state of a connection's session: as the server reported it, and, while commands have no response yet, as it will be
 * after them.
 */
export class SessionState {
  /** As of the last ReadyForQuery; undefined before the first. */
  status: TransactionStatus | undefined;
  /** Why the connection was lost; undefined while it is not. */
  lostBy: Error | undefined;
  /** A statement timed out and its response is still outstanding, so that everything sent now would wait behind it. */
  unanswered = false;
  /** The server has sent an error, and its ReadyForQuery has not arrived yet. */
  awaitingReady = false;
  /** A COMMIT has failed, so there is nothing left to roll back. */
  commitFailed = false;
  /** The error that made the open transaction fail. */
  spoiledBy: Error | undefined;
  #outstandingCommands = 0;
  #openAfterThem = false;

  /**
   * Listens to a new connection before pg does, so that the state is up to date when pg's callbacks run. Queued statements
   * remain counted: pg sends them on the new connection. Until the first ReadyForQuery an error is the login's, not the
   * session's.
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
      // A COMMIT that the server rejected as a statement leaves the transaction open.
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

  /** Whether a transaction is open once all outstanding commands have their responses. */
  get open(): boolean {
    if (this.lostBy !== undefined) return false;
    return this.#outstandingCommands > 0 ? this.#openAfterThem : this.status === "T" || this.status === "E";
  }

  /**
   * What the commands in a text would do: whether a transaction is open after them, and why they must be refused, if they
   * must.
   */
  foresee(commands: TextCommands): { open: boolean; refused?: "nested" | "savepoint" } {
    let { open } = this;
    for (const command of listOf(commands)) {
      if (command === "savepoint") return { open, refused: "savepoint" };
      if (command === "begin" && open) return { open, refused: "nested" };
      if (command !== undefined) open = command === "begin";
    }
    return { open };
  }

  /** Counts commands as outstanding until the returned function is called. */
  sent(open: boolean): () => void {
    this.#outstandingCommands++;
    this.#openAfterThem = open;
    this.commitFailed = false;
    if (open) this.spoiledBy = undefined;
    return () => {
      this.#outstandingCommands--;
    };
  }
}

/** The commands of a text as a list. */
export function listOf(commands: TextCommands): readonly (TransactionCommand | undefined)[] {
  return typeof commands === "string" ? [commands] : (commands ?? []);
}
