import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { codesOf, rejectionOf } from "../error-chain.ts";
import type { Theme } from "../scenario.ts";

/** Rows written and read through the ORM's own builder. */
export const rows = {
  "inserts, finds, updates and deletes a row": async ({ session }) => {
    const account = { id: randomUUID(), owner: "Grace", balance: 9_007_199_254_740_993n };
    await session.accounts.insert([account]);
    expect(await session.accounts.find(account.id)).toEqual(account);
    expect(await session.accounts.setBalance(account.id, 5n)).toBe(1);
    expect(await session.accounts.find(account.id)).toEqual({ ...account, balance: 5n });
    expect(await session.accounts.remove(account.id)).toBe(1);
    expect(await session.accounts.find(account.id)).toBeUndefined();
  },
  "returns a count of 0 when no row matches": async ({ session }) => {
    expect(await session.accounts.setBalance(randomUUID(), 5n)).toBe(0);
    expect(await session.accounts.remove(randomUUID())).toBe(0);
  },
  "inserts 500 rows in one statement": async ({ session }) => {
    const owner = `bulk ${randomUUID()}`;
    const accounts = Array.from({ length: 500 }, () => ({ id: randomUUID(), owner, balance: 1n }));
    await session.accounts.insert(accounts);
    const [row] = await session.query(
      "select count(*)::text as n from conformance_account where owner = $1",
      [owner],
    );
    expect(row?.n).toBe("500");
  },
  "reports a unique violation, and the session stays usable": async ({ session, newAccount }) => {
    const account = await newAccount();
    const error = await rejectionOf(session.accounts.insert([account]));
    expect(codesOf(error)).toContainEqual(expect.stringMatching(/^(23505|P2002)$/));
    expect(await session.accounts.find(account.id)).toEqual(account);
  },
  "opens no connection for a statement that fails": async ({ open }) => {
    const session = await open({ max: 2 });
    for (let turn = 0; turn < 20; turn++) await rejectionOf(session.query("select no_such_column"));
    expect(await session.query("select 1 as one")).toEqual([{ one: 1 }]);
    expect(session.pool.stats.connectionsOpened).toBe(1);
  },
  "runs many statements at once on few connections": async ({ open }) => {
    const session = await open({ max: 3 });
    const sums = await Promise.all(
      Array.from({ length: 60 }, (_, n) => session.query("select $1::int + 1 as sum", [n])),
    );
    expect(sums.map(([row]) => row?.sum)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect(session.pool.stats.connectionsOpened).toBeLessThanOrEqual(3);
  },
  "streams rows in chunks and releases its connection": async ({ open }) => {
    const session = await open({ max: 1 });
    const seen: unknown[] = [];
    for await (const row of streamOf(session)("select generate_series(1, 1000)::int as n", 100))
      seen.push(row.n);
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
    for await (const row of streamOf(session)("select generate_series(1, 1000)::int as n", 10)) {
      if (row.n === 15) break;
    }
    const error = await rejectionOf(
      (async () => {
        for await (const _ of streamOf(session)("select 1 / (500 - generate_series(1, 1000)) as n", 100));
      })(),
    );
    expect(codesOf(error)).toContain("22012");
    expect(await session.query("select 1 as one")).toEqual([{ one: 1 }]);
    expect(session.pool.stats.connectionsOpened).toBe(1);
  },
  "runs a named prepared statement twice with different parameters": async ({ session }) => {
    if (!session.prepared)
      throw new Error("The adapter offers no prepared statements: give a reason in skips.");
    const sql = "select $1::int * 2 as double";
    for (const n of [1, 21]) expect(await session.prepared("doubles", sql, [n])).toEqual([{ double: n * 2 }]);
  },
} satisfies Theme;

type Session = Parameters<Theme[string]>[0]["session"];

function streamOf(session: Session): NonNullable<Session["stream"]> {
  if (!session.stream) throw new Error("The adapter cannot stream: give a reason in skips.");
  return session.stream.bind(session);
}
