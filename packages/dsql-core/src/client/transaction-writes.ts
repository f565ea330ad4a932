import type { EventEmitter } from "node:events";
import { noteContestedRows } from "../retry/contested-rows.ts";
import { noteCommittedRows } from "../retry/retry-lane.ts";
import { SERIALIZATION_FAILURE } from "../retry/sqlstate.ts";
import { type SentStatement, writtenRows } from "./written-rows.ts";

/** A transaction with more statements is too large to take turns over its rows. */
const MAX_STATEMENTS = 100;

/**
 * The statements of a connection's transaction, or the one outside a transaction, until it ends. If it was committed, the
 * retries that wait for the rows it wrote are notified; if it met a conflict, the retry loop learns the rows from the error.
 * The rows are computed only when they are needed.
 */
export class TransactionWrites {
  readonly #cluster: string;
  #statements: SentStatement[] = [];
  #hasFailed = false;
  /** The last conflict of this connection, for adapters whose driver replaces its error with one of its own. */
  lastConflict: Error | undefined;

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  /** Listens to a connection, before pg does, so that the rows of an error are known when the caller receives it. */
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
