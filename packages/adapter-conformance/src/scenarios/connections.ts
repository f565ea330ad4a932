import { expect } from "vitest";
import { codesOf, rejectionOf } from "../error-chain.ts";
import type { Theme } from "../scenario.ts";
import { stillWorks } from "./still-works.ts";

/** Connections that cannot be opened: refused logins, refused tokens, a pool without a free connection. */
export const connections = {
  "waits while the cluster refuses new connections": async ({ open, local }) => {
    for (const sqlstate of ["53300", "53400"] as const) {
      const session = await open({ max: 1 });
      local.faults.refuseConnections(sqlstate);
      await stillWorks(session);
    }
    expect(local.faults.counts["refused-connection"]).toBe(2);
  },
  "gets a new token when the server says that one has expired": async ({ open, local }) => {
    const session = await open({ max: 1 });
    local.faults.refuseTokens("expired");
    await stillWorks(session);
    expect(local.faults.counts["refused-token"]).toBe(1);
    expect(session.pool.stats.tokensSigned).toBe(2);
  },
  "reports a refused token, and works as soon as tokens are accepted again": async ({ open, local }) => {
    const session = await open({ max: 1 });
    local.faults.refuseTokens("invalid");
    const error = await rejectionOf(session.query("select 1"));
    expect(codesOf(error)).toContain("08006");
    await stillWorks(session);
  },
  "keeps working while tokens are renewed": async ({ open, local, newAccount }) => {
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
  "reports the state of the pool when no connection became free": async ({ open }) => {
    const session = await open({ max: 1, connectionTimeoutMillis: 1_000 });
    await session.transaction(async (transaction) => {
      await transaction.query("select 1");
      const error = await rejectionOf(session.query("select 1"));
      expect(codesOf(error)).toContain("DSQL_POOL_TIMEOUT");
    });
    await stillWorks(session);
  },
} satisfies Theme;
