import { DsqlConfigError, TransactionEndedError } from "../errors.ts";
import type { DsqlClient } from "./dsql-client.ts";

/** What sends statements, and how each tells that it will not. */
const REFUSALS: Readonly<Record<string, (...given: unknown[]) => unknown>> = {
  query: refuseStatement,
  transactionWithRetry: async () => {
    throw new TransactionEndedError();
  },
  transaction: async () => {
    throw new TransactionEndedError();
  },
};

/**
 * Work that has its client only as long as it runs. What it is given is the client in all respects, but sends nothing any
 * more when the work has ended: behind COMMIT or ROLLBACK it would be stored by itself, or reach into the next transaction
 * on the connection.
 * @throws DsqlConfigError for work that is no function
 */
export function whileLent<C extends DsqlClient, T>(
  work: (client: C) => Promise<T>,
): (client: C) => Promise<T> {
  if (typeof work !== "function")
    throw new DsqlConfigError("A transaction takes a function that does its work.");
  return async (client) => {
    let isOver = false;
    const lent = new Proxy(client, {
      get(target, name) {
        if (isOver && Object.hasOwn(REFUSALS, name)) return REFUSALS[name as string];
        // Methods need the client itself as `this`, for its private members.
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" && name !== "constructor" ? member.bind(target) : member;
      },
    });
    try {
      return await work(lent);
    } finally {
      isOver = true;
    }
  };
}

/** Tells the caller in the way in which it would have got its answer: by a callback, as a statement object, or as a promise. */
function refuseStatement(...given: unknown[]): unknown {
  const error = new TransactionEndedError();
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
