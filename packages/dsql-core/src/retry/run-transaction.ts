import { TransactionRolledBackError } from "../errors.ts";
import { readProperty } from "./classify-error.ts";
import { isSqlState } from "./sqlstate.ts";

/** The part of a connection that a transaction needs; a pg client fits. */
export interface TransactionClient {
  query(text: string): Promise<unknown>;
  /** Whether a statement is still running, behind which COMMIT or ROLLBACK would wait. */
  readonly isBusy?: boolean;
}

/** How a transaction acquires its connection and releases it. */
export interface ConnectionLease<C extends TransactionClient> {
  acquire(): Promise<C>;
  /** `destroy` is the reason why the connection must not be used again. */
  release(client: C, destroy?: Error): void;
}

/** One transaction on one connection. */
export interface TransactionRun<C extends TransactionClient, T> {
  lease: ConnectionLease<C>;
  work: (client: C) => Promise<T>;
  readOnly?: boolean | undefined;
  /** Called when the connection is acquired. */
  begun?: (() => void) | undefined;
  /** Called with the work's result right before COMMIT is sent. */
  remember?: ((result: T) => void) | undefined;
}

/**
 * Runs work between BEGIN and COMMIT, or rolls it back and rethrows its error. The connection is released on every path, and
 * destroyed if it is not known to be idle.
 */
export async function runTransaction<C extends TransactionClient, T>(run: TransactionRun<C, T>): Promise<T> {
  const client = await run.lease.acquire();
  const transaction = new TransactionCommands(client);
  try {
    run.begun?.();
    await transaction.begin(run.readOnly ? "BEGIN READ ONLY" : "BEGIN");
    let result: T;
    try {
      result = await run.work(client);
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
    run.remember?.(result);
    await transaction.commit();
    return result;
  } finally {
    try {
      run.lease.release(client, transaction.destroy);
    } catch {
      // The work may have released the connection itself; what was committed stays committed.
    }
  }
}

/** BEGIN, COMMIT and ROLLBACK of one transaction, and whether its connection can be used again afterwards. */
export class TransactionCommands {
  readonly #client: TransactionClient;
  #destroy: Error | undefined;

  constructor(client: TransactionClient) {
    this.#client = client;
  }

  /** Why the connection must be closed instead of being reused; undefined while the state of its session is known. */
  get destroy(): Error | undefined {
    return this.#destroy;
  }

  async begin(statement = "BEGIN"): Promise<void> {
    await this.#send(statement);
  }

  /**
   * A COMMIT that fails has ended the transaction, so no ROLLBACK follows it.
   * @throws TransactionRolledBackError when a statement of the work is still running: COMMIT would wait behind it
   */
  async commit(): Promise<void> {
    if (this.#client.isBusy) {
      this.#destroy = stillRunning();
      throw new TransactionRolledBackError(
        "The work returned while one of its statements was still running, so its transaction was rolled back. Await every statement inside the work.",
        { cause: this.#destroy },
      );
    }
    await this.#send("COMMIT");
  }

  /**
   * Never rejects: the caller receives the error that led here. If ROLLBACK is not sent or fails, closing the connection
   * rolls back.
   */
  async rollback(): Promise<void> {
    if (this.#client.isBusy) {
      this.#destroy = stillRunning();
      return;
    }
    try {
      await this.#client.query("ROLLBACK");
    } catch (error) {
      this.#destroy = asError(error);
    }
  }

  async #send(statement: string): Promise<void> {
    try {
      await this.#client.query(statement);
    } catch (error) {
      if (!leavesSessionKnown(error)) this.#destroy = asError(error);
      throw error;
    }
  }
}

function stillRunning(): Error {
  return new Error("a statement was still running at the end of its transaction");
}

/**
 * Whether the state of a session is known after its BEGIN or COMMIT has failed, so that its connection can be used again:
 * an ERROR of the server, or ROLLBACK as the response to COMMIT, leaves it idle, and a statement that was refused before
 * it was sent leaves it unchanged. Anything else, such as a lost connection or a time-out, leaves it unknown.
 */
export function leavesSessionKnown(error: unknown): boolean {
  const code = readProperty(error, "code");
  return KNOWN_STATE.has(code) || (isSqlState(code) && readProperty(error, "severity") === "ERROR");
}

const KNOWN_STATE: ReadonlySet<unknown> = new Set([
  "DSQL_TRANSACTION_ROLLED_BACK",
  "DSQL_NESTED_TRANSACTION",
  "DSQL_TRANSACTION_SCOPE",
]);

function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error("the connection's state is not known", { cause: thrown });
}
