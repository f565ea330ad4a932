import { failureOf } from "dsql-core";
import { expect } from "vitest";
import type { AdapterSession } from "../adapter-under-test.ts";
import { codesOf, rejectionOf } from "../error-chain.ts";
import type { Scenario, Theme } from "../scenario.ts";
import { stillWorks } from "./still-works.ts";

/** Cuts the connection of a plain transaction at one point and expects the true outcome to be reported. */
function losesConnection(
  point: "before-begin" | "in-statement" | "before-commit" | "after-commit",
  expected: { failure: ReturnType<typeof failureOf>; balance: bigint },
): Scenario {
  return async ({ session, local, newAccount }) => {
    const account = await newAccount();
    local.faults.cutConnection(point);
    const error = await rejectionOf(
      session.transaction(async (transaction) => {
        await transaction.accounts.setBalance(account.id, 1n);
      }),
    );
    expect(failureOf(error)).toBe(expected.failure);
    expect(local.faults.counts[`cut-${point}`]).toBe(1);
    expect((await session.accounts.find(account.id))?.balance).toBe(expected.balance);
    await stillWorks(session);
  };
}

/** Connections that are lost, in every phase of a transaction. */
export const lostConnections = {
  "reports a connection lost at BEGIN": losesConnection("before-begin", {
    failure: "connection-lost",
    balance: 100n,
  }),
  "reports a connection lost in a statement": losesConnection("in-statement", {
    failure: "connection-lost",
    balance: 100n,
  }),
  "reports that a COMMIT cut on its way may or may not be stored": losesConnection("before-commit", {
    failure: "commit-outcome-unknown",
    balance: 100n,
  }),
  "reports that a COMMIT without a response may or may not be stored": losesConnection("after-commit", {
    failure: "commit-outcome-unknown",
    balance: 1n,
  }),
  "retries the transaction when its connection is lost before COMMIT": async ({
    session,
    local,
    newAccount,
  }) => {
    const account = await newAccount();
    for (const point of ["before-begin", "in-statement"] as const) {
      local.faults.cutConnection(point);
      const balance = point === "before-begin" ? 1n : 2n;
      await session.transactionWithRetry((work) => work.accounts.setBalance(account.id, balance));
      expect(local.faults.counts[`cut-${point}`]).toBe(1);
      expect((await session.accounts.find(account.id))?.balance).toBe(balance);
    }
  },
  "never retries a COMMIT of undetermined outcome": async ({ session, local, newAccount }) => {
    const account = await newAccount(0n);
    for (const point of ["before-commit", "after-commit"] as const) {
      local.faults.cutConnection(point);
      let runs = 0;
      const error = await rejectionOf(
        session.transactionWithRetry(async (transaction) => {
          runs++;
          const read = await transaction.accounts.find(account.id);
          await transaction.accounts.setBalance(account.id, (read?.balance ?? 0n) + 1n);
        }),
      );
      expect(failureOf(error)).toBe("commit-outcome-unknown");
      expect(runs).toBe(1);
    }
    expect((await session.accounts.find(account.id))?.balance).toBe(1n);
  },
  "returns or retries an undetermined COMMIT as verifyCommit decides": async ({
    session,
    local,
    newAccount,
  }) => {
    const account = await newAccount(0n);
    for (const point of ["before-commit", "after-commit"] as const) {
      const target = point === "before-commit" ? 10n : 20n;
      local.faults.cutConnection(point);
      let runs = 0;
      const result = await session.transactionWithRetry(
        async (transaction) => {
          runs++;
          await transaction.accounts.setBalance(account.id, target);
          return `run ${runs}`;
        },
        { verifyCommit: async () => (await session.accounts.find(account.id))?.balance === target },
      );
      expect(result).toBe(point === "before-commit" ? "run 2" : "run 1");
      expect((await session.accounts.find(account.id))?.balance).toBe(target);
    }
  },
  "reports a server that is unavailable at COMMIT as an undetermined outcome": async ({
    session,
    local,
    newAccount,
  }) => {
    const account = await newAccount();
    local.faults.serverUnavailable("after-commit");
    const error = await rejectionOf(session.transaction((work) => work.accounts.setBalance(account.id, 4n)));
    expect(failureOf(error)).toBe("commit-outcome-unknown");
    expect((await session.accounts.find(account.id))?.balance).toBe(4n);
    await stillWorks(session);
  },
  "releases its connection when BEGIN fails": async ({ open, local }) => {
    const session = await open({ max: 1 });
    for (let turn = 0; turn < 3; turn++) {
      local.faults.cutConnection("before-begin");
      await rejectionOf(session.transaction((work) => work.query("select 1")));
    }
    await stillWorks(session);
    expect(session.pool.stats.total).toBe(1);
  },
  "rethrows the work's own error when ROLLBACK fails too": async ({ session, local }) => {
    const mine = new Error("more important");
    local.faults.cutConnection("in-statement");
    const error = await rejectionOf(
      session.transaction(async (transaction) => {
        await rejectionOf(transaction.query("select 1"));
        throw mine;
      }),
    );
    expect(error).toBe(mine);
    await stillWorks(session);
  },
  "does not report a commit if the work caught the error of a lost connection": async ({
    session,
    local,
    newAccount,
  }) => {
    const account = await newAccount();
    const lostOnce = async (transaction: Pick<AdapterSession, "accounts" | "query">) => {
      await transaction.accounts.setBalance(account.id, 1n);
      local.faults.cutConnection("in-statement");
      await rejectionOf(transaction.query("select 1"));
    };
    const error = await rejectionOf(session.transaction(lostOnce));
    expect(failureOf(error)).toBe("connection-lost");
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "never retries a single write of undetermined outcome": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    local.faults.cutConnection("after-commit");
    const error = await rejectionOf(session.accounts.setBalance(account.id, 8n));
    expect(failureOf(error)).toBe("commit-outcome-unknown");
    expect(local.faults.counts["cut-after-commit"]).toBe(1);
    expect((await session.accounts.find(account.id))?.balance).toBe(8n);
  },
  "reports a COMMIT that gets no response as an undetermined outcome": async ({
    open,
    session,
    local,
    newAccount,
  }) => {
    const impatient = await open({ commitTimeoutMillis: 200 });
    const account = await newAccount();
    local.faults.dropCommitResponse();
    const error = await rejectionOf(
      impatient.transaction((work) => work.accounts.setBalance(account.id, 5n)),
    );
    expect(failureOf(error)).toBe("commit-outcome-unknown");
    expect((await session.accounts.find(account.id))?.balance).toBe(5n);
    await stillWorks(impatient);
  },
  "waits no longer than commitTimeoutMillis for the response to BEGIN or ROLLBACK": async ({
    open,
    local,
  }) => {
    const impatient = await open({ max: 1, commitTimeoutMillis: 200 });
    const mine = new Error("changed my mind");
    for (const command of ["begin", "rollback"] as const) {
      local.faults.dropResponse(command);
      const error = await rejectionOf(
        impatient.transaction(async (transaction) => {
          await transaction.query("select 1");
          throw mine;
        }),
      );
      expect(local.faults.counts[`dropped-${command}-response`]).toBe(1);
      if (command === "begin") expect(failureOf(error)).toBe("connection-lost");
      else expect(error).toBe(mine);
      await stillWorks(impatient);
    }
  },
  "reports that the server was unavailable in a statement": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    local.faults.serverUnavailable("statement");
    const error = await rejectionOf(session.transaction((work) => work.accounts.setBalance(account.id, 6n)));
    expect(codesOf(error)).toContain("XX000");
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
} satisfies Theme;
