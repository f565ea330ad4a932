import type { EventEmitter } from "node:events";
import { noteContestedRows } from "../retry/contested-rows.ts";
import { noteCommittedRows } from "../retry/retry-lane.ts";
import { SERIALIZATION_FAILURE } from "../retry/sqlstate.ts";
import { type SentStatement, writtenRows } from "./written-rows.ts";

/** Transactions of more statements are too wide to take turns over their rows. */
const MAX_STATEMENTS = 100;

/**
 * The statements of a connection's transaction, or of one outside any, until it ends: then the retries that wait for the
 * same rows are notified of which were written, or the conflict carries them to the retry loop. The rows are computed only then.
 */
export class TransactionWrites {
  readonly #cluster: string;
  #statements: SentStatement[] = [];
  #hasFailed = false;
  /** The last conflict of this connection, for adapters of drivers that replace its error by one of their own. */
  lastConflict: Error | undefined;

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  /** Listens to a connection, before pg does, so that an error has its rows when its caller receives it. */
  watch(connection: EventEmitter): void {
    this.#statements = [];
    this.#hasFailed = false;
    connection.on("errorMessage", (error: Error & { code?: string }) => {
      this.#hasFailed = true;
      if (error.code !== SERIALIZATION_FAILURE) return;
      this.lastConflict = error;
      noteContestedRows(error, this.#cluster, this.#rows());
    });
    connection.on("commandComplete", ({ text }: { text?: string }) => {
      if (text === "ROLLBACK") this.#hasFailed = true;
    });
    connection.on("readyForQuery", ({ status }: { status?: string }) => {
      if (status !== "I") return;
      if (!this.#hasFailed) noteCommittedRows(this.#cluster, this.#rows());
      this.#statements = [];
      this.#hasFailed = false;
    });
  }

  note(text: unknown, values: unknown): void {
    if (typeof text !== "string" || this.#statements.length > MAX_STATEMENTS) return;
    this.#statements.push({ text, values: Array.isArray(values) ? values : undefined });
  }

  #rows(): () => readonly string[] {
    const statements = this.#statements;
    return () => (statements.length > MAX_STATEMENTS ? [] : writtenRows(statements));
  }
}
