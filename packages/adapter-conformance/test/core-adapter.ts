import { randomUUID } from "node:crypto";
import type { AdapterSession, AdapterUnderTest, Row, TransactionWork, Work } from "adapter-conformance";
import { fromPgValue, toPgValue } from "adapter-conformance";
import { DsqlPool, type DsqlPoolClient } from "dsql-core";

type Queryable = Pick<DsqlPoolClient, "query"> | DsqlPool;

/** The core itself: what every adapter is built on must pass what they pass. */
export const coreAdapter: AdapterUnderTest = {
  name: "dsql-core",
  module: { url: import.meta.url, exportName: "coreAdapter" },
  skips: {
    "streams rows in chunks and releases its connection":
      "The core hands cursors to pg unchanged; streaming is a feature of the adapters.",
  },
  open(options) {
    return new CoreSession(new DsqlPool(options));
  },
};

function workOn(queryable: Queryable): Work {
  const query = async (sql: string, parameters: readonly unknown[] = []) =>
    (await queryable.query(sql, [...parameters])).rows as Row[];
  const change = async (sql: string, parameters: unknown[]) =>
    (await queryable.query(sql, parameters)).rowCount ?? 0;
  return {
    query,
    accounts: {
      async insert(accounts) {
        const groups = accounts.map((_, n) => `($${3 * n + 1}, $${3 * n + 2}, $${3 * n + 3})`);
        const values = accounts.flatMap((account) => [account.id, account.owner, account.balance]);
        await query(
          `insert into conformance_account (id, owner, balance) values ${groups.join(", ")}`,
          values,
        );
      },
      async find(id) {
        const [row] = await query("select id, owner, balance from conformance_account where id = $1", [id]);
        return (
          row && { id: String(row.id), owner: String(row.owner), balance: BigInt(row.balance as string) }
        );
      },
      setBalance: (id, balance) =>
        change("update conformance_account set balance = $2 where id = $1", [id, balance]),
      remove: (id) => change("delete from conformance_account where id = $1", [id]),
    },
  };
}

class CoreSession implements AdapterSession {
  readonly pool: DsqlPool;
  readonly query: Work["query"];
  readonly accounts: Work["accounts"];

  constructor(pool: DsqlPool) {
    this.pool = pool;
    const work = workOn(pool);
    this.query = work.query;
    this.accounts = work.accounts;
  }

  transaction: AdapterSession["transaction"] = (work, options) =>
    this.pool.transactionWithRetry((client) => work(inside(client)), { ...options, maxAttempts: 1 });

  transactionWithRetry: AdapterSession["transactionWithRetry"] = (work, options) =>
    this.pool.transactionWithRetry((client) => work(inside(client)), options);

  roundTrip: AdapterSession["roundTrip"] = async (column, value) => {
    const id = randomUUID();
    await this.query(`insert into conformance_column (id, ${column}) values ($1, $2)`, [
      id,
      toPgValue(column, value),
    ]);
    const [row] = await this.query(`select ${column} as value from conformance_column where id = $1`, [id]);
    return fromPgValue(column, row?.value);
  };

  prepared: AdapterSession["prepared"] = async (name, text, parameters) =>
    (await this.pool.query({ name, text, values: [...parameters] })).rows;

  close(): Promise<void> {
    return this.pool.end();
  }
}

function inside(client: DsqlPoolClient): TransactionWork {
  return { ...workOn(client), nest: () => client.query("begin") };
}
