import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalDsql, startLocalDsql } from "../../src/index.ts";
import { connect } from "../support/client.ts";
import { randomFrom } from "./schedule.ts";

let dsql: LocalDsql;
let clients: Client[] = [];

beforeAll(async () => {
  dsql = await startLocalDsql();
  clients = await Promise.all(Array.from({ length: 100 }, () => connect(dsql)));
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()));
  await dsql?.stop();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a transaction until it commits; answers how often it was tried. */
async function untilCommitted(
  client: Client,
  work: () => Promise<void>,
  random: (below: number) => number,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query("BEGIN");
      await work();
      await client.query("COMMIT");
      return attempt;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "40001") throw error;
      await client.query("ROLLBACK");
      await pause(random(Math.min(1000, 10 * 2 ** attempt)));
    }
  }
}

describe("many clients at once", () => {
  it("lose no update when 100 of them increment one row", async () => {
    const [first] = clients as [Client];
    await first.query("CREATE TABLE hot (id int PRIMARY KEY, n int NOT NULL)");
    await first.query("INSERT INTO hot VALUES (1, 0)");
    const random = randomFrom(1);
    await Promise.all(
      clients.map((client) =>
        untilCommitted(
          client,
          async () => {
            const { rows } = await client.query("SELECT n FROM hot WHERE id = 1");
            await client.query("UPDATE hot SET n = $1 WHERE id = 1", [rows[0].n + 1]);
          },
          random,
        ),
      ),
    );
    expect((await first.query("SELECT n FROM hot")).rows).toEqual([{ n: 100 }]);
  });

  it("move money at random, in every order of rows, and none is created or lost", async () => {
    const [first] = clients as [Client];
    await first.query("CREATE TABLE purse (id int PRIMARY KEY, coins int NOT NULL CHECK (coins >= 0))");
    await first.query("CREATE TABLE transfer (id bigint PRIMARY KEY, purse int REFERENCES purse, coins int)");
    await first.query("INSERT INTO purse SELECT id, 100 FROM generate_series(1, 6) AS id");
    const random = randomFrom(2);
    let transfers = 0;
    await Promise.all(
      clients.slice(0, 12).map(async (client, worker) => {
        for (let round = 0; round < 12; round++) {
          const [from, to] = [1 + random(6), 1 + random(6)];
          const id = worker * 1000 + round;
          await untilCommitted(
            client,
            async () => {
              await client.query("UPDATE purse SET coins = coins - 1 WHERE id = $1", [from]);
              await client.query("INSERT INTO transfer VALUES ($1, $2, 1)", [id, to]);
              await client.query("UPDATE purse SET coins = coins + 1 WHERE id = $1", [to]);
            },
            random,
          );
          transfers++;
        }
      }),
    );
    expect((await first.query("SELECT sum(coins)::int AS coins FROM purse")).rows).toEqual([{ coins: 600 }]);
    expect((await first.query("SELECT count(*)::int AS n FROM transfer")).rows).toEqual([{ n: transfers }]);
  });
});
