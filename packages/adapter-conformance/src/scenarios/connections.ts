import { failureOf } from "dsql-core";
import { expect } from "vitest";
import type { AdapterSession } from "../adapter-under-test.ts";
import { codesOf, rejectionOf } from "../error-chain.ts";
import type { Scenario, Theme } from "../scenario.ts";

/** Shows that the session works, whatever has happened to its connections. */
async function stillWorks(session: AdapterSession): Promise<void> {
  expect(await session.query("select 1 as one")).toEqual([{ one: 1 }]);
}

/** Cuts the connection of a plain transaction at one point and expects the outcome to be told as it is. */
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

/** Lost connections, refused connections and refused tokens. */
export const connections = {
  "tells a connection lost at BEGIN": losesConnection("before-begin", {
    failure: "connection-lost",
    balance: 100n,
  }),
  "tells a connection lost in a statement": losesConnection("in-statement", {
    failure: "connection-lost",
    balance: 100n,
  }),
  "tells that a COMMIT cut on its way may or may not be stored": losesConnection("before-commit", {
    failure: "commit-outcome-unknown",
    balance: 100n,
  }),
  "tells that a COMMIT without an answer may or may not be stored": losesConnection("after-commit", {
    failure: "commit-outcome-unknown",
    balance: 1n,
  }),
  "runs the transaction again when its connection is lost before COMMIT": async ({
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
  "never runs a COMMIT of unknown outcome again": async ({ session, local, newAccount }) => {
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
  "asks verifyCommit about an unknown COMMIT, and believes it": async ({ session, local, newAccount }) => {
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
  "tells a server that is unavailable at COMMIT as an unknown outcome": async ({
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
  "tells a COMMIT that is never answered as an unknown outcome": async ({
    open,
    session,
    local,
    newAccount,
  }) => {
    const impatient = await open({ commitTimeoutMillis: 200 });
    const account = await newAccount();
    local.faults.swallowCommitAnswer();
    const error = await rejectionOf(
      impatient.transaction((work) => work.accounts.setBalance(account.id, 5n)),
    );
    expect(failureOf(error)).toBe("commit-outcome-unknown");
    expect((await session.accounts.find(account.id))?.balance).toBe(5n);
    await stillWorks(impatient);
  },
  "hands on that the server was unavailable in a statement": async ({ session, local, newAccount }) => {
    const account = await newAccount();
    local.faults.serverUnavailable("statement");
    const error = await rejectionOf(session.transaction((work) => work.accounts.setBalance(account.id, 6n)));
    expect(codesOf(error)).toContain("XX000");
    expect((await session.accounts.find(account.id))?.balance).toBe(100n);
  },
  "hands on that the cluster takes no more connections, and works when it does": async ({ open, local }) => {
    for (const sqlstate of ["53300", "53400"] as const) {
      const session = await open({ max: 1 });
      local.faults.refuseConnections(sqlstate);
      expect(codesOf(await rejectionOf(session.query("select 1")))).toContain(sqlstate);
      await stillWorks(session);
    }
  },
  "gets a fresh token when the server calls one expired": async ({ open, local }) => {
    const session = await open({ max: 1 });
    local.faults.refuseTokens("expired");
    await stillWorks(session);
    expect(local.faults.counts["refused-token"]).toBe(1);
    expect(session.pool.stats.tokensSigned).toBe(2);
  },
  "tells a refused token, and works as soon as tokens are taken again": async ({ open, local }) => {
    const session = await open({ max: 1 });
    local.faults.refuseTokens("invalid");
    const error = await rejectionOf(session.query("select 1"));
    expect(codesOf(error)).toContain("08006");
    await stillWorks(session);
  },
  "goes on while tokens are renewed under it": async ({ open, local, newAccount }) => {
    const session = await open({ max: 4, maxUses: 2 });
    const account = await newAccount(0n);
    local.faults.refuseTokens("expired", 1);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        session.transactionWithRetry(async (transaction) => {
          const read = await transaction.accounts.find(account.id);
          await transaction.accounts.setBalance(account.id, (read?.balance ?? 0n) + 1n);
        }),
      ),
    );
    expect((await session.accounts.find(account.id))?.balance).toBe(8n);
    expect(session.pool.stats.tokensSigned).toBe(2);
  },
  "says what the pool was doing when no connection came free": async ({ open }) => {
    const session = await open({ max: 1, connectionTimeoutMillis: 1_000 });
    await session.transaction(async (transaction) => {
      await transaction.query("select 1");
      const error = await rejectionOf(session.query("select 1"));
      expect(codesOf(error)).toContain("DSQL_POOL_TIMEOUT");
    });
    await stillWorks(session);
  },
} satisfies Theme;
