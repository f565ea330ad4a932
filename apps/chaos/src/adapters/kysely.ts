import type { LocalConnection } from "dsql-local";
import { type Generated, Kysely } from "kysely";
import { DsqlDialect } from "kysely-dsql";
import { type Adapter, chaosPool } from "../adapter.ts";

interface Tables {
  accounts: { id: number; balance: number };
  entries: { id: Generated<string>; deposit: string; account: number; amount: number };
}

/** Deposits through Kysely. */
export function kyselyAdapter(connection: LocalConnection): Adapter {
  const db = new Kysely<Tables>({ dialect: new DsqlDialect({ pool: chaosPool(connection) }) });
  return {
    async deposit({ name, account, amount }) {
      await db.transactionWithRetry(async (trx) => {
        const { balance } = await trx
          .selectFrom("accounts")
          .select("balance")
          .where("id", "=", account)
          .executeTakeFirstOrThrow();
        await trx
          .updateTable("accounts")
          .set({ balance: balance + amount })
          .where("id", "=", account)
          .execute();
        await trx.insertInto("entries").values({ deposit: name, account, amount }).execute();
      });
    },
    async enter({ name, account }) {
      await db.insertInto("entries").values({ deposit: name, account, amount: 0 }).execute();
    },
    async balance(account) {
      const row = await db
        .selectFrom("accounts")
        .select("balance")
        .where("id", "=", account)
        .executeTakeFirstOrThrow();
      return row.balance;
    },
    close: () => db.destroy(),
  };
}
