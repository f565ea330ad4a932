import type { LocalConnection } from "dsql-local";
import { type Adapter, chaosPool } from "../adapter.ts";

const INSERT = "INSERT INTO entries (deposit, account, amount) VALUES ($1, $2, $3)";

/** Deposits through the pool itself. */
export function coreAdapter(connection: LocalConnection): Adapter {
  const pool = chaosPool(connection);
  return {
    async deposit({ name, account, amount }) {
      await pool.transactionWithRetry(async (client) => {
        const { rows } = await client.query("SELECT balance FROM accounts WHERE id = $1", [account]);
        const balance = Number(rows[0].balance) + amount;
        await client.query("UPDATE accounts SET balance = $2 WHERE id = $1", [account, balance]);
        await client.query(INSERT, [name, account, amount]);
      });
    },
    async enter({ name, account }) {
      await pool.query(INSERT, [name, account, 0]);
    },
    async balance(account) {
      const { rows } = await pool.query("SELECT balance FROM accounts WHERE id = $1", [account]);
      return Number(rows[0].balance);
    },
    close: () => pool.end(),
  };
}
