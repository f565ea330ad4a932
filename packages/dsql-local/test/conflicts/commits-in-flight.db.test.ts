import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";

const CLIENTS = 24;

let dsql: LocalDsql;
let clients: Client[] = [];

beforeAll(async () => {
  dsql = await startLocalDsql();
  clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(dsql)));
  const [first] = clients as [Client];
  await first.query("CREATE TABLE hot (id int PRIMARY KEY, n int NOT NULL)");
  await first.query("CREATE TABLE parent (id int PRIMARY KEY)");
  await first.query("CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent)");
  await first.query("INSERT INTO hot VALUES (1, 0)");
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await dsql?.stop();
});

/** What a query came to: its tag, or the SQLSTATE and the last word of its error. */
async function outcome(query: Promise<{ command: string }>): Promise<string> {
  try {
    return (await query).command;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code} ${/OC\d\d\d/.exec(message)?.[0] ?? message}`;
  }
}

/** How often each outcome came. */
function counted(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of outcomes) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

describe("transactions that meet in one row", () => {
  it("refuses all but one of 24 with OC000, as a cluster does, and none with OC001", async () => {
    for (let round = 0; round < 15; round++) {
      // All have their snapshots before the first commits.
      await Promise.all(
        clients.map(async (client) => {
          await client.query("BEGIN");
          await client.query("SELECT n FROM hot WHERE id = 1");
        }),
      );
      const outcomes = await Promise.all(
        clients.map(async (client) => {
          await client.query("UPDATE hot SET n = n + 1 WHERE id = 1");
          return outcome(client.query("COMMIT"));
        }),
      );
      expect(counted(outcomes)).toEqual({ COMMIT: 1, "40001 OC000": CLIENTS - 1 });
    }
  });
});

describe("a statement that meets a COMMIT in flight", () => {
  it("gets a conflict, not a duplicate key, if its snapshot does not contain the other row", async () => {
    for (let id = 0; id < 40; id++) {
      const outcomes = await Promise.all(
        clients.slice(0, 8).map(async (client) => {
          await client.query("BEGIN");
          await client.query("SELECT 1 FROM hot");
          const inserted = await outcome(client.query("INSERT INTO parent VALUES ($1)", [id]));
          const ended = await outcome(client.query("COMMIT"));
          return `${inserted}, ${ended}`;
        }),
      );
      // A transaction that began after the first COMMIT finds the row by right.
      const { "INSERT, COMMIT": first, "INSERT, 40001 OC000": lost = 0, ...others } = counted(outcomes);
      expect(first).toBe(1);
      const late = Object.keys(others).filter((name) => !name.startsWith("23505"));
      expect(late).toEqual([]);
      expect(lost + Object.values(others).reduce((sum, n) => sum + n, 0)).toBe(7);
    }
  });

  it("gets a conflict, not a missing parent, if its snapshot contains the parent", async () => {
    const [keeper, ...others] = clients as [Client, ...Client[]];
    for (let id = 1000; id < 1040; id++) {
      await keeper.query("INSERT INTO parent VALUES ($1)", [id]);
      const writers = others.slice(0, 4);
      for (const client of writers) {
        await client.query("BEGIN");
        await client.query("SELECT 1 FROM hot");
      }
      const [deleted, ...inserted] = await Promise.all([
        outcome(keeper.query("DELETE FROM parent WHERE id = $1", [id])),
        ...writers.map(async (client, n) => {
          const told = await outcome(client.query("INSERT INTO child VALUES ($1, $2)", [id * 10 + n, id]));
          return `${told}, ${await outcome(client.query("COMMIT"))}`;
        }),
      ]);
      const allowed = deleted === "DELETE" ? ["INSERT, 40001 OC000"] : ["INSERT, COMMIT"];
      expect(["DELETE", "40001 OC000", expect.stringMatching(/^23503/)]).toContainEqual(deleted);
      for (const told of inserted) expect(allowed).toContain(told);
      await keeper.query("DELETE FROM child");
      await keeper.query("DELETE FROM parent");
    }
  });
});
