import { CommitOutcomeUnknownError, type DsqlPool, failureOf } from "dsql-core";
import { sql } from "kysely";
import { expect, it, vi } from "vitest";
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

it("reports the outcome of a write as unknown that kill session has cut off", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { db, pool } = open({ max: 1 });
  const killedBy = (abort: AbortController) =>
    ({ signal: abort.signal, inflightQueryAbortStrategy: "kill session" }) as const;
  const write = (id: string) => sql`insert into account select ${id}, pg_sleep(0.3)::text, 1`;

  const reason = new Error("no longer wanted");
  const autocommit = write("cut off").execute(db, killedBy(abortInFlight(pool, reason)));
  await expect(autocommit).rejects.toBe(reason);
  expect(reason.cause).toBeInstanceOf(CommitOutcomeUnknownError);
  expect(failureOf(reason)).toBe("commit-outcome-unknown");

  await sql`select 1`.execute(db);
  const timedOut = AbortSignal.timeout(100);
  const query = write("too slow").execute(db, {
    signal: timedOut,
    inflightQueryAbortStrategy: "kill session",
  });
  await expect(query).rejects.toSatisfy((error) => failureOf(error) === "commit-outcome-unknown");
});

it("leaves an abort's reason alone where kill session cannot have stored anything", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { db } = open({ max: 1 });
  const kill = (controller: AbortController, reason: unknown) => {
    setTimeout(() => controller.abort(reason), 20);
    return { signal: controller.signal, inflightQueryAbortStrategy: "kill session" } as const;
  };
  const ofRead = new Error("of a read");
  const read = sql`select pg_sleep(1)`.execute(db, kill(new AbortController(), ofRead));
  await expect(read).rejects.toBe(ofRead);
  expect(ofRead.cause).toBeUndefined();

  const inTransaction = new Error("in a transaction");
  const transaction = db.transaction().execute(async (trx) => {
    await sql`insert into account select 'undone', pg_sleep(1)::text, 1`.execute(
      trx,
      kill(new AbortController(), inTransaction),
    );
  });
  await expect(transaction).rejects.toBe(inTransaction);
  expect(inTransaction.cause).toBeUndefined();

  const own = new Error("mine");
  const withCause = new Error("has a cause", { cause: own });
  const write = sql`insert into account select 'own', pg_sleep(1)::text, 1`;
  await expect(write.execute(db, kill(new AbortController(), withCause))).rejects.toBe(withCause);
  expect(withCause.cause).toBe(own);
  await expect(write.execute(db, kill(new AbortController(), "a text"))).rejects.toBe("a text");
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
