import type { DsqlPool } from "dsql-core";
import { type Generated, Kysely, type Transaction } from "kysely";
import { expectTypeOf } from "vitest";
import { DsqlDialect, type ReadOnlyTransaction, transactionWithRetry } from "../src/index.ts";

interface Database {
  account: { id: Generated<string>; owner: string; balance: number };
}

declare const pool: DsqlPool;
declare const isReadOnly: boolean;
const db = new Kysely<Database>({ dialect: new DsqlDialect({ pool }) });

// The work gets a transaction of the same database, and its result comes out.
const balances = db.transactionWithRetry(async (trx) => {
  expectTypeOf(trx).toEqualTypeOf<Transaction<Database>>();
  return await trx.selectFrom("account").select(["id", "balance"]).execute();
});
expectTypeOf(balances).toEqualTypeOf<Promise<{ id: string; balance: number }[]>>();

expectTypeOf(transactionWithRetry(db, async (trx) => trx.isTransaction)).toEqualTypeOf<Promise<true>>();
expectTypeOf(
  transactionWithRetry(db, async (trx) => {
    expectTypeOf(trx).toEqualTypeOf<Transaction<Database>>();
    return 1;
  }),
).toEqualTypeOf<Promise<number>>();

// It survives what makes new instances.
expectTypeOf(
  db
    .withSchema("bank")
    .transactionWithRetry(async (trx) => trx.selectFrom("account").select("owner").execute()),
).toEqualTypeOf<Promise<{ owner: string }[]>>();

db.transactionWithRetry(async (trx) => {
  // @ts-expect-error the table does not exist
  trx.selectFrom("acount");
});

db.transactionWithRetry(async (trx) => {
  // @ts-expect-error a transaction does not nest
  trx.transactionWithRetry(async () => {});
});

// A read-only transaction reads, and has nothing to write with.
db.transactionWithRetry(
  async (trx) => {
    expectTypeOf(trx).toEqualTypeOf<ReadOnlyTransaction<Database>>();
    await trx.selectFrom("account").selectAll().execute();
    // @ts-expect-error a read-only transaction does not insert
    trx.insertInto("account");
    // @ts-expect-error a read-only transaction does not update
    trx.updateTable("account");
    // @ts-expect-error a read-only transaction does not delete
    trx.deleteFrom("account");
    // @ts-expect-error a read-only transaction changes no schema
    trx.withSchema("bank").schema.dropTable("account");
  },
  { readOnly: true, maxAttempts: 3 },
);
transactionWithRetry(
  db,
  async (trx) => {
    // @ts-expect-error what may be read-only is treated so
    trx.insertInto("account");
  },
  { readOnly: isReadOnly },
);

// What reads takes both kinds of transaction.
const ownersOf = (reader: Pick<ReadOnlyTransaction<Database>, "selectFrom">) =>
  reader.selectFrom("account").select("owner").execute();
db.transactionWithRetry((trx) => ownersOf(trx));
db.transactionWithRetry((trx) => ownersOf(trx), { readOnly: true });

// @ts-expect-error an option must be one that exists
db.transactionWithRetry(async () => {}, { retries: 3 });
// @ts-expect-error maxAttempts is a number
db.transactionWithRetry(async () => {}, { maxAttempts: "3" });

// The dialect takes a string, options, a pool, or a function that makes one.
new DsqlDialect("postgresql://admin@abc.dsql.us-east-1.on.aws/postgres");
new DsqlDialect({ host: "abc.dsql.us-east-1.on.aws", max: 5, waitForIndexes: true });
new DsqlDialect({ pool: async () => pool });
// @ts-expect-error a pool brings its own connection options
new DsqlDialect({ pool, host: "abc.dsql.us-east-1.on.aws" });
