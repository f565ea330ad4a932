import type { DsqlPool } from "dsql-core";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { useLocalDatabase } from "./local-database.ts";

const { open } = useLocalDatabase();

/** Aborts as soon as the next query was sent: that follows the acquisition of its connection in the same turn. */
function abortInFlight(pool: DsqlPool, reason: Error): AbortController {
  const abort = new AbortController();
  pool.once("acquire", () => setTimeout(() => abort.abort(reason), 1));
  return abort;
}

it("closes the connection of a query that was aborted with the strategy kill session", async () => {
  const { db, pool } = open({ max: 1 });
  await sql`select 1`.execute(db);
  const reason = new Error("no longer wanted");
  const abort = abortInFlight(pool, reason);
  const query = sql`select pg_sleep(5)`.execute(db, {
    signal: abort.signal,
    inflightQueryAbortStrategy: "kill session",
  });
  await expect(query).rejects.toBe(reason);
  await sql`select 1`.execute(db);
  expect(pool.stats.connectionsOpened).toBe(2);
});

it("refuses the strategy cancel query, which DSQL cannot serve, and keeps the connection", async () => {
  const { db, pool } = open({ max: 1 });
  const query = sql`select 1`.execute(db, {
    signal: new AbortController().signal,
    inflightQueryAbortStrategy: "cancel query",
  });
  await expect(query).rejects.toThrow(/"ignore query" or "kill session"/);
  await sql`select 1`.execute(db);
  expect(pool.stats.connectionsOpened).toBe(1);
});

it("leaves a query alone that was aborted with the strategy ignore query", async () => {
  const { db, pool } = open({ max: 1 });
  const abort = abortInFlight(pool, new Error("ignored"));
  const query = sql`select pg_sleep(0.2)`.execute(db, { signal: abort.signal });
  await expect(query).rejects.toThrow("ignored");
  await sql`select 1`.execute(db);
  expect(pool.stats.connectionsOpened).toBe(1);
});
