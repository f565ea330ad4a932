import { DsqlPool } from "dsql-core";
import type { LocalConnection } from "dsql-local";
import type pg from "pg";
import { awsPool, signToken, stockPool } from "../endpoint/stock-pools.ts";
import { policies } from "./policies.ts";

/** One way to retry transactions, with its pool. */
export interface Contender {
  pool: pg.Pool;
  /** Runs the work in a transaction until it commits or the contender gives up. */
  transaction(work: (client: pg.ClientBase) => Promise<void>): Promise<void>;
}

/** The contenders by name, each with connections for that many clients; the first has no option set. */
export const contenders: Readonly<
  Record<string, (connection: LocalConnection, clients: number) => Promise<Contender>>
> = {
  default: async (connection, clients) => {
    const pool = new DsqlPool({ ...connection, max: clients });
    return { pool, transaction: (work) => pool.transactionWithRetry(work) };
  },
  "full jitter": plainly(policies["full jitter"]),
  "Rust connector": plainly(policies["Rust connector"]),
  "node connector": async (connection, clients) => {
    const pool = awsPool(connection, clients);
    return { pool, transaction: (work) => pool.transaction(work) };
  },
};

/** A retry policy around transactions on node-postgres itself. */
function plainly(policy: (transaction: () => Promise<void>) => Promise<void>) {
  return async (connection: LocalConnection, clients: number): Promise<Contender> => {
    const pool = stockPool(connection, await signToken(connection), clients);
    return { pool, transaction: (work) => policy(() => oneTransaction(pool, work)) };
  };
}

async function oneTransaction(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    try {
      await work(client);
    } catch (error) {
      await client.query("ROLLBACK");
      throw error;
    }
    await client.query("COMMIT");
  } finally {
    client.release();
  }
}
