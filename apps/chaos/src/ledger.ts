import { inspect } from "node:util";
import { failureOf } from "dsql-core";
import type { Pool } from "pg";
import type { Deposit } from "./adapter.ts";

/** The outcome that was reported to the caller of a deposit. */
type Outcome = "committed" | "failed" | "undetermined";

interface Told {
  adapter: string;
  deposit: Deposit;
  outcome: Outcome;
  error?: unknown;
}

/** Accounts that deposits go to; few, so that they conflict. */
export const ACCOUNTS = 12;

export async function createTables(observer: Pool): Promise<void> {
  await observer.query("CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)");
  // No constraint prevents a deposit from being inserted twice, so that a duplicate is found.
  await observer.query(
    "CREATE TABLE entries (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), deposit text NOT NULL, account int NOT NULL, amount int NOT NULL)",
  );
  await observer.query("INSERT INTO accounts SELECT n, 0 FROM generate_series(1, $1::int) n", [ACCOUNTS]);
}

/** The reported outcome of every deposit, to be compared with what is stored. */
export class Ledger {
  readonly #told: Told[] = [];

  get counts(): Readonly<Record<Outcome, number>> {
    const counts = { committed: 0, failed: 0, undetermined: 0 };
    for (const { outcome } of this.#told) counts[outcome]++;
    return counts;
  }

  /** Makes a deposit and records its reported outcome. */
  async note(adapter: string, deposit: Deposit, made: Promise<void>): Promise<void> {
    try {
      await made;
      this.#told.push({ adapter, deposit, outcome: "committed" });
    } catch (error) {
      const outcome = failureOf(error) === "commit-outcome-unknown" ? "undetermined" : "failed";
      this.#told.push({ adapter, deposit, outcome, error });
    }
  }

  /** Every broken promise, as a sentence; none if all were kept. No call may still be running. */
  async problems(observer: Pool): Promise<string[]> {
    const { rows } = await observer.query(
      "SELECT deposit, count(*)::int AS times FROM entries GROUP BY deposit",
    );
    const stored = new Map<string, number>(rows.map((row) => [row.deposit, row.times]));
    const problems = this.#told.flatMap(({ adapter, deposit, outcome, error }) => {
      const times = stored.get(deposit.name) ?? 0;
      const isRight = outcome === "committed" ? times === 1 : outcome === "failed" ? times === 0 : times <= 1;
      return isRight
        ? []
        : [
            `${adapter}: ${deposit.name} was reported ${outcome} and is stored ${times} times${error ? `: ${inspect(error)}` : ""}`,
          ];
    });
    const known = new Set(this.#told.map(({ deposit }) => deposit.name));
    for (const name of stored.keys())
      if (!known.has(name)) problems.push(`${name} is stored and was never reported`);
    const off = await observer.query(
      "SELECT id, balance, (SELECT coalesce(sum(amount), 0)::int FROM entries WHERE account = a.id) AS entered FROM accounts a",
    );
    for (const { id, balance, entered } of off.rows) {
      if (balance !== entered) problems.push(`account ${id} has ${balance}, and its entries make ${entered}`);
    }
    return problems;
  }
}
