import { expect } from "vitest";
import { rejectionOf } from "../error-chain.ts";
import type { Theme } from "../scenario.ts";

/** The end of a session. */
export const shutdown = {
  "lets running work finish before it closes": async ({ open, session, newAccount }) => {
    const closing = await open({ max: 2 });
    const account = await newAccount();
    let ended: Promise<void> | undefined;
    await closing.transaction(async (transaction) => {
      await transaction.query("select 1");
      ended = closing.close();
      await transaction.accounts.setBalance(account.id, 77n);
    });
    await ended;
    expect((await session.accounts.find(account.id))?.balance).toBe(77n);
    expect(closing.pool.stats.total).toBe(0);
  },
  "refuses work after it was closed": async ({ open }) => {
    const closed = await open();
    await closed.query("select 1");
    await closed.close();
    await rejectionOf(closed.query("select 1"));
    await rejectionOf(closed.transactionWithRetry((work) => work.query("select 1")));
    expect(closed.pool.stats.total).toBe(0);
  },
  "closes without ever having been used": async ({ open }) => {
    const unused = await open();
    await unused.close();
    expect(unused.pool.stats.connectionsOpened).toBe(0);
  },
} satisfies Theme;
