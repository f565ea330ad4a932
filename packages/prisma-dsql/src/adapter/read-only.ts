import { AsyncLocalStorage } from "node:async_hooks";
import { DsqlConfigError, type DsqlPool, type DsqlPoolClient } from "dsql-core";

/** A request for a read-only transaction, until an adapter begins it. */
interface ReadOnlyRequest {
  begun: boolean;
}

// Kept in async context, because the isolation level is all that Prisma tells its adapter about a transaction.
const requests = new AsyncLocalStorage<ReadOnlyRequest | undefined>();

/** Starts a read-only transaction; `start` gets a wrapper for its work, which may begin other transactions. */
export function startReadOnly<T>(start: (inside: <R>(work: () => R) => R) => T): T {
  const request: ReadOnlyRequest = { begun: false };
  return requests.run(request, () =>
    start((work) => {
      if (!request.begun)
        throw new DsqlConfigError("readOnly needs the adapter PrismaDsql, of the same copy of prisma-dsql.");
      return requests.run(undefined, work);
    }),
  );
}

/** Returns whether the transaction that is being started here must be read-only, and marks the request as served. */
export function takeReadOnlyRequest(): boolean {
  const request = requests.getStore();
  if (request === undefined) return false;
  request.begun = true;
  return true;
}

/** The same pool, whose connections send BEGIN READ ONLY where PrismaPg sends BEGIN; DSQL supports no other way. */
export function readOnlyPool(pool: DsqlPool): DsqlPool {
  return withMethod(pool, "connect", async () => {
    const client = await pool.connect();
    return withMethod(client, "query", (query: { text: string }) =>
      client.query(query.text === "BEGIN" ? { ...query, text: "BEGIN READ ONLY" } : query),
    );
  });
}

/** An object that behaves like the target except for one method. */
function withMethod<T extends DsqlPool | DsqlPoolClient>(
  target: T,
  method: keyof T,
  replacement: unknown,
): T {
  return new Proxy(target, {
    get(_, name) {
      if (name === method) return replacement;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
