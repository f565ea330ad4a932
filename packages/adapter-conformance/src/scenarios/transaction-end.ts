import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import type { Account, TransactionWork } from "../adapter-under-test.ts";
import { rejectionOf } from "../error-chain.ts";
import type { ScenarioContext, Theme } from "../scenario.ts";

/** What a transaction's work still does when the transaction ends, or afterwards. */
export const transactionEnd = {
  "undoes what the work left running when it failed": async ({ session, open }) => {
    const own = await open({ max: 1 });
    const { account, stored } = someOf(session);
    let others: Promise<unknown> | undefined;
    await rejectionOf(
      own.transaction(async (transaction) => {
        const failing = transaction.query("select no_such_column");
        others = Promise.allSettled([1, 2, 3].map(() => transaction.accounts.insert([account()])));
        await failing;
      }),
    );
    await others;
    expect(await stored()).toBe(0);
  },
  "stores nothing that the work sends after its end": async ({ session, open, local }) => {
    const own = await open({ max: 1 });
    const { account, stored } = someOf(session);
    const mine = new Error("changed my mind");
    for (const end of [async () => {}, () => Promise.reject(mine)]) {
      let ended: TransactionWork | undefined;
      let whileItEnds: Promise<unknown> | undefined;
      local.faults.latency({ roundTripMs: 20, commitMs: 20 });
      const transaction = own.transaction(async (open) => {
        ended = open;
        await open.query("select 1");
        whileItEnds = rejectionOf(nextTurn().then(() => open.accounts.insert([account()])));
        await end();
      });
      await transaction.catch((error) => expect(error).toBe(mine));
      await whileItEnds;
      local.faults.clear();
      await rejectionOf(Promise.resolve(ended?.accounts.insert([account()])));
    }
    expect(await stored()).toBe(0);
  },
  "does not wait for a statement that runs when the work fails": async ({ open }) => {
    const own = await open({ max: 1 });
    const mine = new Error("took too long");
    let slow: Promise<unknown> | undefined;
    const startedAtMs = performance.now();
    const run = own.transaction(async (transaction) => {
      await transaction.query("select 1");
      slow = rejectionOf(transaction.query("select pg_sleep(60)"));
      await setTimeout(50);
      throw mine;
    });
    expect(await rejectionOf(run)).toBe(mine);
    await slow;
    expect(await own.query("select 1 as one")).toEqual([{ one: 1 }]);
    await own.close();
    // It would have waited for a minute; the bound is only there to notice that.
    expect(performance.now() - startedAtMs).toBeLessThan(50_000);
  },
} satisfies Theme;

/** Accounts with a unique owner, by which a scenario finds its own. */
function someOf(session: ScenarioContext["session"]): { account(): Account; stored(): Promise<unknown> } {
  const owner = `late ${randomUUID()}`;
  return {
    account: () => ({ id: randomUUID(), owner, balance: 1n }),
    stored: async () => {
      const [row] = await session.query(
        "select count(*)::int as n from conformance_account where owner = $1",
        [owner],
      );
      return row?.n;
    },
  };
}
