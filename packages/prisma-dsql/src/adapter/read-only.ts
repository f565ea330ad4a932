import { AsyncLocalStorage } from "node:async_hooks";
import { DsqlConfigError, type DsqlPool, type DsqlPoolClient } from "dsql-core";

/** A read-only transaction that was asked for, until an adapter begins it. */
interface Request {
  begun: boolean;
}

// Prisma hands an isolation level to its adapter, and nothing else about a transaction.
const requests = new AsyncLocalStorage<Request | undefined>();

/** Starts a transaction that is to be read only; `start` gets a wrapper for its work, which is free to begin others. */
export function startReadOnly<T>(start: (inside: <R>(work: () => R) => R) => T): T {
  const request: Request = { begun: false };
  return requests.run(request, () =>
    start((work) => {
      if (!request.begun)
        throw new DsqlConfigError("readOnly needs the adapter PrismaDsql, of the same copy of prisma-dsql.");
      return requests.run(undefined, work);
    }),
  );
}

/** Whether the transaction that is being started here is to be read only. */
export function takeReadOnlyRequest(): boolean {
  const request = requests.getStore();
  if (request === undefined) return false;
  request.begun = true;
  return true;
}

/** The same pool, whose connections send BEGIN READ ONLY where PrismaPg sends BEGIN; DSQL takes it in no other way. */
export function readOnlyPool(pool: DsqlPool): DsqlPool {
  return standIn(pool, "connect", async () => {
    const client = await pool.connect();
    return standIn(client, "query", (query: { text: string }) =>
      client.query(query.text === "BEGIN" ? { ...query, text: "BEGIN READ ONLY" } : query),
    );
  });
}

/** An object that is the target in all but one method. */
function standIn<T extends DsqlPool | DsqlPoolClient>(target: T, method: keyof T, replacement: unknown): T {
  return new Proxy(target, {
    get(_, name) {
      if (name === method) return replacement;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
