import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { TransactionWork } from "../adapter-under-test.ts";
import { codesOf, rejectionOf } from "../error-chain.ts";
import type { Theme } from "../scenario.ts";

/** Transactions without conflicts. */
export const transactions = {
  "commits what the work did and returns its result": async ({ session, newAccount }) => {
    const account = await newAccount();
    const result = await session.transaction(async (transaction) => {
      await transaction.accounts.setBalance(account.id, 7n);
      expect((await transaction.accounts.find(account.id))?.balance).toBe(7n);
      return "done";
    });
    expect(result).toBe("done");
    expect((await session.accounts.find(account.id))?.balance).toBe(7n);
  },
  "rolls back when the work throws, and rethrows the same error": async ({ session, newAccount }) => {
    const account = await newAccount();
    const mine = new Error("changed my mind");
    for (const run of [session.transaction.bind(session), session.transactionWithRetry.bind(session)]) {
      const error = await rejectionOf(
        run(async (transaction) => {
          await transaction.accounts.setBalance(account.id, 0n);
          throw mine;
        }),
      );
      expect(error).toBe(mine);
    }
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "sees one snapshot from its first statement on": async ({ session, newAccount }) => {
    const account = await newAccount();
    const read = await session.transaction(async (transaction) => {
      const first = await transaction.accounts.find(account.id);
      await session.accounts.setBalance(account.id, 1n);
      return [first?.balance, (await transaction.accounts.find(account.id))?.balance];
    });
    expect(read).toEqual([100n, 100n]);
  },
  "reports an error that the work caught instead of a commit": async ({ session, newAccount }) => {
    const account = await newAccount();
    const error = await rejectionOf(
      session.transaction(async (transaction) => {
        await transaction.accounts.setBalance(account.id, 0n);
        await rejectionOf(transaction.query("select no_such_column"));
      }),
    );
    expect(codesOf(error)).toContain("DSQL_TRANSACTION_ROLLED_BACK");
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "does not retry a transaction whose work caught an error": async ({ session }) => {
    let runs = 0;
    const error = await rejectionOf(
      session.transactionWithRetry(async (transaction) => {
        runs++;
        await rejectionOf(transaction.query("select no_such_column"));
      }),
    );
    expect(codesOf(error)).toContain("DSQL_TRANSACTION_ROLLED_BACK");
    expect(runs).toBe(1);
  },
  "refuses a nested transaction, and the outer one still commits": async ({ session, newAccount }) => {
    const account = await newAccount();
    await session.transaction(async (transaction) => {
      await transaction.accounts.setBalance(account.id, 8n);
      expect(codesOf(await rejectionOf(transaction.nest()))).toContain("DSQL_NESTED_TRANSACTION");
      await transaction.accounts.setBalance(account.id, 9n);
    });
    expect((await session.accounts.find(account.id))?.balance).toBe(9n);
  },
  "refuses COMMIT and ROLLBACK inside the work before they are sent": async ({ session, newAccount }) => {
    const account = await newAccount();
    for (const text of ["commit", "ROLLBACK", "end", "/* now */ abort"]) {
      let runs = 0;
      const run = session.transactionWithRetry(async (transaction) => {
        runs++;
        await transaction.accounts.setBalance(account.id, 0n);
        await transaction.query(text);
      });
      expect(codesOf(await rejectionOf(run))).toContain("DSQL_TRANSACTION_SCOPE");
      expect(runs).toBe(1);
    }
    await session.transaction(async (transaction) => {
      await rejectionOf(transaction.query("commit"));
      await transaction.accounts.setBalance(account.id, 9n);
      // The transaction is still open: it sees its own change, and others do not.
      expect((await session.accounts.find(account.id))?.balance).toBe(100n);
    });
    expect((await session.accounts.find(account.id))?.balance).toBe(9n);
  },
  "begins no work whose signal was aborted while it waited for a connection": async ({
    open,
    newAccount,
  }) => {
    const session = await open({ max: 1 });
    const account = await newAccount();
    const mine = new Error("changed my mind");
    const controller = new AbortController();
    let runs = 0;
    let waiting: Promise<unknown> | undefined;
    await session.transaction(async (transaction) => {
      await transaction.query("select 1");
      const work = async (other: TransactionWork) => {
        runs++;
        await other.accounts.setBalance(account.id, 0n);
      };
      waiting = rejectionOf(session.transactionWithRetry(work, { signal: controller.signal }));
      await expect.poll(() => session.pool.waitingCount).toBe(1);
      controller.abort(mine);
    });
    expect(await waiting).toBe(mine);
    expect(runs).toBe(0);
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "reads in a read-only transaction, which refuses to write": async ({ session, newAccount }) => {
    const account = await newAccount();
    const readOnly = { readOnly: true };
    expect(await session.transactionWithRetry((read) => read.accounts.find(account.id), readOnly)).toEqual(
      account,
    );
    const error = await rejectionOf(
      session.transactionWithRetry((read) => read.accounts.setBalance(account.id, 0n), readOnly),
    );
    expect(codesOf(error)).toContain("25006");
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "runs many transactions at once on few connections": async ({ open }) => {
    const session = await open({ max: 3 });
    const ids = Array.from({ length: 30 }, () => randomUUID());
    await Promise.all(
      ids.map((id) =>
        session.transaction(async (transaction) => {
          await transaction.accounts.insert([{ id, owner: "Alan", balance: 1n }]);
          await transaction.accounts.setBalance(id, 2n);
        }),
      ),
    );
    const stored = await session.query(
      "select count(*)::int as n from conformance_account where balance = 2 and id = any($1::uuid[])",
      [ids],
    );
    expect(stored).toEqual([{ n: 30 }]);
    expect(session.pool.stats.connectionsOpened).toBeLessThanOrEqual(3);
  },
} satisfies Theme;
