import { randomUUID } from "node:crypto";
import {
  type Account,
  type AdapterSession,
  type AdapterUnderTest,
  type ColumnName,
  fromPgValue,
  type Row,
  type TransactionWork,
  toPgValue,
  type Work,
} from "adapter-conformance";
import { DsqlPool } from "dsql-core";
import { CompiledQuery, Kysely, type Transaction } from "kysely";
import Cursor from "pg-cursor";
import { DsqlDialect } from "../src/index.ts";

interface Database {
  conformance_account: { id: string; owner: string; balance: string | bigint };
  conformance_column: { id: string } & Record<ColumnName, unknown>;
}

/** Kysely, as its users would set it up. */
export const kyselyAdapter: AdapterUnderTest = {
  name: "kysely",
  ormPrefix: "kysely",
  module: { url: import.meta.url, exportName: "kyselyAdapter", alias: kyselyAlias() },
  skips: {
    "runs a named prepared statement twice with different parameters":
      "Kysely has no prepared statements; it sends each query with its parameters.",
  },
  open(options) {
    return new KyselySession(new DsqlPool(options));
  },
};

/** The path that the test project loads in place of kysely, if any. */
function kyselyAlias(): Record<string, string> {
  const path = process.env.KYSELY_ALIAS;
  return path ? { kysely: path } : {};
}

function workOn(db: Kysely<Database>): Work {
  return {
    query: async (text, parameters = []) =>
      (await db.executeQuery(CompiledQuery.raw(text, [...parameters]))).rows as Row[],
    accounts: {
      async insert(accounts) {
        await db
          .insertInto("conformance_account")
          .values([...accounts])
          .execute();
      },
      async find(id): Promise<Account | undefined> {
        const row = await db
          .selectFrom("conformance_account")
          .selectAll()
          .where("id", "=", id)
          .executeTakeFirst();
        return row && { ...row, balance: BigInt(row.balance) };
      },
      async setBalance(id, balance) {
        const change = db.updateTable("conformance_account").set({ balance }).where("id", "=", id);
        return Number((await change.executeTakeFirst()).numUpdatedRows);
      },
      async remove(id) {
        const removal = db.deleteFrom("conformance_account").where("id", "=", id);
        return Number((await removal.executeTakeFirst()).numDeletedRows);
      },
    },
  };
}

class KyselySession implements AdapterSession {
  readonly pool: DsqlPool;
  readonly #db: Kysely<Database>;
  readonly query: Work["query"];
  readonly accounts: Work["accounts"];

  constructor(pool: DsqlPool) {
    this.pool = pool;
    this.#db = new Kysely<Database>({ dialect: new DsqlDialect({ pool, cursor: Cursor }) });
    const work = workOn(this.#db);
    this.query = work.query;
    this.accounts = work.accounts;
  }

  transaction: AdapterSession["transaction"] = (work, options) => {
    const builder = this.#db.transaction();
    return (options?.readOnly ? builder.setAccessMode("read only") : builder).execute((transaction) =>
      work(inside(transaction)),
    );
  };

  transactionWithRetry: AdapterSession["transactionWithRetry"] = (work, { readOnly, ...options } = {}) =>
    readOnly
      ? this.#db.transactionWithRetry(
          (transaction) => work(inside(transaction as unknown as Transaction<Database>)),
          {
            ...options,
            readOnly,
          },
        )
      : this.#db.transactionWithRetry((transaction) => work(inside(transaction)), options);

  roundTrip: AdapterSession["roundTrip"] = async (column, value) => {
    const id = randomUUID();
    await this.#db
      .insertInto("conformance_column")
      .values({ id, [column]: toPgValue(column, value) } as never)
      .execute();
    const row = await this.#db
      .selectFrom("conformance_column")
      .select(column)
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return fromPgValue(column, (row as Record<string, unknown>)[column]);
  };

  stream(text: string, chunkSize: number): AsyncIterable<Row> {
    return streamRaw(this.#db, text, chunkSize);
  }

  async close(): Promise<void> {
    await this.#db.destroy();
    // Kysely leaves a pool alone that it never used.
    if (!this.pool.ending) await this.pool.end();
  }
}

function streamRaw(db: Kysely<Database>, text: string, chunkSize: number): AsyncIterable<Row> {
  return (async function* () {
    const chunks = db.getExecutor().stream<Row>(CompiledQuery.raw(text), chunkSize);
    for await (const { rows } of chunks) yield* rows;
  })();
}

function inside(transaction: Transaction<Database>): TransactionWork {
  const outer: Kysely<Database> = transaction;
  return { ...workOn(transaction), nest: () => outer.transactionWithRetry(async () => "nested") };
}
