import { expect } from "vitest";
import type { Theme } from "../scenario.ts";

/** How the client identifies itself to the server. */
export const identity = {
  "sends the server the names and versions of the adapter": async ({ session, adapter }) => {
    const [row] = await session.query("select current_setting('application_name') as name");
    const prefix = adapter.ormPrefix === undefined ? "" : `${adapter.ormPrefix}:`;
    expect(row?.name).toMatch(new RegExp(`^${prefix}aurora-dsql-ts/\\d+\\.\\d+\\.\\d+`));
  },
  "lets the caller choose another prefix": async ({ open }) => {
    const session = await open({ ormPrefix: "ledger" });
    const [row] = await session.query("select current_setting('application_name') as name");
    expect(row?.name).toMatch(/^ledger:aurora-dsql-ts\//);
  },
  "signs one token for a pool of connections": async ({ open, local }) => {
    const session = await open({ max: 4 });
    const before = local.stats.tokensVerified;
    await Promise.all(Array.from({ length: 12 }, () => session.query("select pg_sleep(0.01)::text")));
    // The queries may be over before the last connection is open.
    const { pool } = session;
    await expect.poll(() => local.stats.tokensVerified - before - pool.stats.connectionsOpened).toBe(0);
    expect(session.pool.stats.tokensSigned).toBe(1);
  },
} satisfies Theme;
