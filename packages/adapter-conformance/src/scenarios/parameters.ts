import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Theme } from "../scenario.ts";

/** Parameters of raw SQL. */
export const parameters = {
  "passes text as a value, whatever is in it": async ({ session }) => {
    for (const text of ["'; drop table conformance_account; --", "$1", "?", "a\\'b", "100 %", ""]) {
      const [row] = await session.query("select $1::text as text", [text]);
      expect(row?.text).toBe(text);
    }
  },
  "passes NULL": async ({ session }) => {
    const [row] = await session.query("select $1::text is null as is_null", [null]);
    expect(row?.is_null).toBe(true);
  },
  "uses one parameter several times": async ({ session }) => {
    const [row] = await session.query("select $1::int + $1::int + $2::int as sum", [2, 3]);
    expect(row?.sum).toBe(7);
  },
  "accepts an array for = ANY": async ({ session, newAccount }) => {
    const accounts = [await newAccount(), await newAccount()];
    const ids = [...accounts.map((account) => account.id), randomUUID()];
    const found = await session.query("select id from conformance_account where id = any($1::uuid[])", [ids]);
    expect(found.map((row) => row.id).sort()).toEqual(accounts.map((account) => account.id).sort());
  },
  "accepts as many parameters as the protocol or the adapter allows": async ({ session, adapter }) => {
    const count = adapter.maxParameters ?? 65_535;
    const list = Array.from({ length: count }, (_, index) => `$${index + 1}`).join(",");
    const values = Array.from({ length: count }, (_, index) => index);
    const [row] = await session.query(`select ${count - 1} in (${list}) as found`, values);
    expect(row?.found).toBe(true);
  },
} satisfies Theme;
