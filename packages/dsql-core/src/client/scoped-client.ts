import type { Client } from "pg";
import { DsqlConfigError, TransactionEndedError, TransactionScopeError } from "../errors.ts";
import { listOf } from "./session-state.ts";
import { statementText } from "./statement-text.ts";
import { transactionCommands } from "./transaction-command.ts";

/** Returns why a call is refused, or undefined to allow it. `query` is passed for a statement. */
export type Refusal = (query?: unknown) => Error | undefined;

/**
 * A client that wraps another one and restricts it: `refusal` is called before each call that could send something, even if
 * the method was read from the client earlier. `members` replace the client's own.
 */
export function scopedClient<C extends Client>(
  client: C,
  refusal: Refusal,
  members: Readonly<Record<string, unknown>> = {},
): C {
  const own: Record<PropertyKey, unknown> = {
    query: (...given: unknown[]) => {
      const error = refusal(given[0]);
      return error === undefined ? call(client, "query", given) : refuseStatement(error, given);
    },
    end: async (...given: unknown[]) => {
      // After the scope has ended, the connection may belong to another caller.
      if (refusal() === undefined) return await call(client, "end", given);
      if (typeof given[0] === "function") given[0]();
    },
    ...members,
  };
  const scoped: C = new Proxy(client, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return own[name];
      const member: unknown = Reflect.get(client, name, client);
      if (typeof member !== "function" || name === "constructor") return member;
      own[name] = TRANSACTIONS.has(name)
        ? async (...given: unknown[]) => {
            const error = refusal();
            if (error !== undefined) throw error;
            return await call(client, name, given);
          }
        : (...given: unknown[]) => {
            const returned = call(client, name, given);
            // Chained calls stay within the scope.
            return returned === client ? scoped : returned;
          };
      return own[name];
    },
  });
  return scoped;
}

/** Methods of a DsqlClient that send statements of their own. */
const TRANSACTIONS = new Set<PropertyKey>(["transactionWithRetry", "transaction"]);

/** Methods need the client itself as `this`, for its private members. */
function call(client: object, name: PropertyKey, given: unknown[]): unknown {
  return Reflect.apply(Reflect.get(client, name), client, given);
}

/** A client for the work of one transaction. */
export interface TransactionScope<C> {
  readonly client: C;
  /** Refuses everything from now on; call it before COMMIT or ROLLBACK. */
  end(): void;
}

/**
 * A client for the work of one transaction that is open on `client`. It refuses COMMIT and ROLLBACK, which only the caller
 * that began the transaction may send; after `end()` it refuses everything, since a late statement would be committed by
 * itself, or become part of the next transaction on the connection.
 */
export function transactionScope<C extends Client>(client: C): TransactionScope<C> {
  const scope = new WorkScope();
  return {
    client: scopedClient(client, (query) => scope.refusal(statementText(client, query))),
    end: () => scope.end(),
  };
}

/** The rules of {@link transactionScope} alone, for an adapter whose ORM holds the connection. */
export class WorkScope {
  #isOver = false;

  /** Why a statement of the work must not be sent; undefined if it may. */
  refusal(text: string | undefined): Error | undefined {
    if (this.#isOver) return new TransactionEndedError();
    return text !== undefined && containsCommitOrRollback(text)
      ? new TransactionScopeError(ENDED_BY_WORK)
      : undefined;
  }

  end(): void {
    this.#isOver = true;
  }
}

const ENDED_BY_WORK =
  "The statement was not sent: COMMIT and ROLLBACK do not belong inside a transaction's work. Return from the work to commit, throw an error to roll back.";

function containsCommitOrRollback(text: string): boolean {
  return listOf(transactionCommands(text)).some((command) => command === "commit" || command === "rollback");
}

/**
 * Wraps work so that its client can be used only while the work runs ({@link transactionScope}).
 * @throws DsqlConfigError for work that is not a function
 */
export function scopedWork<C extends Client, T>(work: (client: C) => Promise<T>): (client: C) => Promise<T> {
  if (typeof work !== "function") throw new DsqlConfigError("The work of a transaction must be a function.");
  return async (client) => {
    const scope = transactionScope(client);
    try {
      return await work(scope.client);
    } finally {
      scope.end();
    }
  };
}

/** Rejects a statement through the interface that it was sent with: its callback, its statement object, or a promise. */
export function refuseStatement(error: Error, given: readonly unknown[]): unknown {
  const [query] = given as [Partial<Record<"callback" | "handleError", unknown>> | undefined];
  if (typeof query?.handleError === "function") {
    process.nextTick(() => (query as { handleError(error: Error): void }).handleError(error));
    return query;
  }
  const callback = given.find((one) => typeof one === "function") ?? query?.callback;
  if (typeof callback !== "function") return Promise.reject(error);
  process.nextTick(callback as (error: Error) => void, error);
  return undefined;
}
