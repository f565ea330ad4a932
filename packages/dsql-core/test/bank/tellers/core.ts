import type { DsqlPool } from "dsql-core";
import { type BankPoolOptions, bankPool } from "../bank-pool.ts";
import { newBalances, type Teller } from "../transfer.ts";

/** Transfers through the pool itself. */
export async function coreTeller(options: BankPoolOptions): Promise<Teller> {
  const pool: DsqlPool = bankPool(options);
  return {
    async transfer(transfer, retry) {
      const { id, from, to, amount } = transfer;
      await pool.transactionWithRetry(async (client) => {
        const read = await client.query("SELECT id, balance FROM accounts WHERE id IN ($1, $2)", [from, to]);
        const balances = new Map(read.rows.map((row) => [Number(row.id), Number(row.balance)]));
        for (const account of newBalances(transfer, balances)) {
          await client.query("UPDATE accounts SET balance = $2 WHERE id = $1", [account.id, account.balance]);
        }
        await client.query("INSERT INTO ledger (id, from_id, to_id, amount) VALUES ($1, $2, $3, $4)", [
          ...[id, from, to, amount],
        ]);
      }, retry);
    },
    async isStored(id) {
      return (await pool.query("SELECT 1 FROM ledger WHERE id = $1", [id])).rowCount === 1;
    },
    close: () => pool.end(),
  };
}
