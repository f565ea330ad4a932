import { expect } from "vitest";
import type { AdapterSession } from "../adapter-under-test.ts";

/** Shows that the session works, whatever has happened to its connections. */
export async function stillWorks(session: AdapterSession): Promise<void> {
  expect(await session.query("select 1 as one")).toEqual([{ one: 1 }]);
}
