import { readProperty } from "./classify-error.ts";
import { isSqlState } from "./sqlstate.ts";

/** As much of a connection as a transaction needs; a pg client fits. */
export interface TransactionClient {
  query(text: string): Promise<unknown>;
}

/** Where a transaction gets its connection, and how it gives it back. */
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
  /** Told when there is a connection. */
  begun?: (() => void) | undefined;
  /** Hears the work's result right before COMMIT is sent. */
  remember?: ((result: T) => void) | undefined;
}

/**
 * Runs work between BEGIN and COMMIT, or undoes it with ROLLBACK and hands its error on. The connection is given back on
 * every path, and destroyed where it is not known to be idle.
 */
export async function runTransaction<C extends TransactionClient, T>(run: TransactionRun<C, T>): Promise<T> {
  const client = await run.lease.acquire();
  run.begun?.();
  let destroy: Error | undefined;
  const command = async (text: string, isIdleAfter: (error: unknown) => boolean) => {
    try {
      await client.query(text);
    } catch (error) {
      if (!isIdleAfter(error)) destroy = asError(error);
      throw error;
    }
  };
  try {
    await command(run.readOnly ? "BEGIN READ ONLY" : "BEGIN", leavesSessionKnown);
    let result: T;
    try {
      result = await run.work(client);
    } catch (error) {
      await command("ROLLBACK", () => false).catch(() => {});
      throw error;
    }
    run.remember?.(result);
    // A COMMIT that fails has ended the transaction, so no ROLLBACK follows it.
    await command("COMMIT", leavesSessionKnown);
    return result;
  } finally {
    try {
      run.lease.release(client, destroy);
    } catch {
      // The work may have released the connection itself; what was committed stays committed.
    }
  }
}

/**
 * Whether the state of a session is known after its BEGIN or COMMIT has failed, so that its connection can be used again:
 * an ERROR of the server, or ROLLBACK as the response to COMMIT, has left it idle, and a statement that was refused before
 * it was sent has left it as it was. Anything else, such as a lost connection or a time-out, leaves it unknown.
 */
export function leavesSessionKnown(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const code = readProperty(error, "code");
  return (
    (typeof code === "string" && KNOWN_STATE.has(code)) ||
    (isSqlState(code) && readProperty(error, "severity") === "ERROR")
  );
}

const KNOWN_STATE: ReadonlySet<string> = new Set([
  "DSQL_TRANSACTION_ROLLED_BACK",
  "DSQL_NESTED_TRANSACTION",
  "DSQL_TRANSACTION_SCOPE",
]);

function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error("the connection's state is not known", { cause: thrown });
}
