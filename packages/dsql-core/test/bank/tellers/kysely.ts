import { Kysely } from "kysely";
import { DsqlDialect } from "kysely-dsql";
import { type BankPoolOptions, bankPool } from "../bank-pool.ts";
import { newBalances, type Teller } from "../transfer.ts";

interface BankTables {
  accounts: { id: number; balance: string | number };
  ledger: { id: string; from_id: number; to_id: number; amount: string | number };
}

/** Transfers through Kysely. */
export async function kyselyTeller(options: BankPoolOptions): Promise<Teller> {
  const db = new Kysely<BankTables>({ dialect: new DsqlDialect({ pool: bankPool(options) }) });
  return {
    async transfer(transfer, retry) {
      const { id, from, to, amount } = transfer;
      await db.transactionWithRetry(
        async (trx) => {
          const rows = await trx.selectFrom("accounts").selectAll().where("id", "in", [from, to]).execute();
          const balances = new Map(rows.map((row) => [row.id, Number(row.balance)]));
          for (const { id: account, balance } of newBalances(transfer, balances)) {
            await trx.updateTable("accounts").set({ balance }).where("id", "=", account).execute();
          }
          await trx.insertInto("ledger").values({ id, from_id: from, to_id: to, amount }).execute();
        },
        { ...retry, readOnly: false },
      );
    },
    async isStored(id) {
      return (await db.selectFrom("ledger").select("id").where("id", "=", id).execute()).length === 1;
    },
    close: () => db.destroy(),
  };
}
