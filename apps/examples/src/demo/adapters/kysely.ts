import { DsqlPool } from "dsql-core";
import { Kysely, sql } from "kysely";
import { DsqlDialect } from "kysely-dsql";
import { DsqlMigrator } from "kysely-dsql/migrate";
import { bank, createBankTables } from "../../migrations/0001-bank.ts";
import { type BankAdapter, DROP_TABLES } from "../bank.ts";

interface Database {
  accounts: { id: number; owner: string; balance: number };
  transfers: { id: string; from_account: number; to_account: number; amount: number };
}

/** The bank in Kysely: typed queries, and `db.transactionWithRetry` around each transfer. */
export const kyselyBank: BankAdapter = {
  name: "kysely",
  async connect(options) {
    const pool = new DsqlPool({ ormPrefix: "kysely", ...options });
    const db = new Kysely<Database>({ dialect: new DsqlDialect({ pool }) });
    return {
      pool,
      async createTables() {
        for (const statement of DROP_TABLES) await sql.raw(statement).execute(db);
        await createBankTables(db);
      },
      async migrate() {
        const provider = { getMigrations: async () => ({ "0001-bank": bank }) };
        const { error } = await new DsqlMigrator({ db, provider }).migrateToLatest();
        if (error !== undefined) throw error;
      },
      async open(accounts, balance) {
        const rows = Array.from({ length: accounts }, (_, index) => ({
          id: index + 1,
          owner: `owner ${index + 1}`,
          balance,
        }));
        await db.insertInto("accounts").values(rows).execute();
      },
      async transfer({ from, to, amount }, onRetry) {
        const id = crypto.randomUUID();
        await db.transactionWithRetry(
          async (trx) => {
            await trx
              .updateTable("accounts")
              .set((eb) => ({ balance: eb("balance", "-", amount) }))
              .where("id", "=", from)
              .execute();
            await trx
              .updateTable("accounts")
              .set((eb) => ({ balance: eb("balance", "+", amount) }))
              .where("id", "=", to)
              .execute();
            await trx
              .insertInto("transfers")
              .values({ id, from_account: from, to_account: to, amount })
              .execute();
          },
          { onRetry },
        );
      },
      async total() {
        const row = await db
          .selectFrom("accounts")
          .select((eb) => eb.fn.sum<string>("balance").as("total"))
          .executeTakeFirstOrThrow();
        return Number(row.total);
      },
      async busiest(limit) {
        const rows = await db
          .selectFrom("accounts")
          .innerJoin("transfers", (join) =>
            join.on((eb) =>
              eb.or([
                eb("transfers.from_account", "=", eb.ref("accounts.id")),
                eb("transfers.to_account", "=", eb.ref("accounts.id")),
              ]),
            ),
          )
          .select((eb) => [
            "accounts.id",
            "accounts.owner",
            "accounts.balance",
            eb.fn.count<string>("transfers.id").as("transfers"),
          ])
          .groupBy(["accounts.id", "accounts.owner", "accounts.balance"])
          .orderBy("transfers", "desc")
          .limit(limit)
          .execute();
        return rows.map((row) => ({ ...row, transfers: Number(row.transfers) }));
      },
      async close() {
        await db.destroy();
      },
    };
  },
};
