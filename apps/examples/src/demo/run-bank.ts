import type { DsqlPoolOptions } from "dsql-core";
import { type AccountSummary, type BankAdapter, HOT_ACCOUNT, type Transfer } from "./bank.ts";

const ACCOUNTS = 20;
const OPENING_BALANCE = 1_000;
const TRANSFERS = 100;

/** The result of one adapter; the fields of the demo's JSON line. */
export interface BankResult {
  adapter: string;
  committed: number;
  failed: number;
  attempts: number;
  conflicts: number;
  connectionsOpened: number;
  tokensSigned: number;
  balanceBefore: number;
  balanceAfter: number;
  p50Ms: number;
  p99Ms: number;
}

/** The result, with details for people. */
export interface BankRun {
  result: BankResult;
  busiest: AccountSummary[];
  firstFailure: unknown;
}

/**
 * Runs 100 transfers at once through one adapter; all of them touch one account. Its tables are dropped and created, or made by
 * the ORM's own migrations on a database that has none.
 */
export async function runBank(
  adapter: BankAdapter,
  options: DsqlPoolOptions,
  { byMigrations = false } = {},
): Promise<BankRun> {
  const bank = await adapter.connect(options);
  try {
    await (byMigrations ? bank.migrate() : bank.createTables());
    await bank.open(ACCOUNTS, OPENING_BALANCE);
    const balanceBefore = await bank.total();

    let retries = 0;
    const latenciesMs: number[] = [];
    const outcomes = await Promise.allSettled(
      transfers().map(async (order) => {
        const startedMs = performance.now();
        await bank.transfer(order, () => {
          retries += 1;
        });
        latenciesMs.push(performance.now() - startedMs);
      }),
    );

    const failures = outcomes.filter((outcome) => outcome.status === "rejected");
    const stats = bank.pool.stats;
    return {
      result: {
        adapter: adapter.name,
        committed: outcomes.length - failures.length,
        failed: failures.length,
        attempts: outcomes.length + retries,
        conflicts: retries + failures.length,
        connectionsOpened: stats.connectionsOpened,
        tokensSigned: stats.tokensSigned,
        balanceBefore,
        balanceAfter: await bank.total(),
        p50Ms: percentile(latenciesMs, 0.5),
        p99Ms: percentile(latenciesMs, 0.99),
      },
      busiest: await bank.busiest(3),
      firstFailure: failures[0]?.reason,
    };
  } finally {
    await bank.close();
  }
}

/** Each transfer goes from or to the hot account, so that any two of them conflict. */
function transfers(): Transfer[] {
  return Array.from({ length: TRANSFERS }, (_, index) => {
    const other = 2 + (index % (ACCOUNTS - 1));
    const amount = 1 + (index % 7);
    return index % 2 === 0
      ? { from: HOT_ACCOUNT, to: other, amount }
      : { from: other, to: HOT_ACCOUNT, amount };
  });
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return Math.round(value * 10) / 10;
}
