import { DatabaseError } from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  type DsqlClient,
  failureOf,
  NestedTransactionError,
  TransactionRolledBackError,
} from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase("CREATE TABLE entries (id int PRIMARY KEY)");
let client: DsqlClient;

beforeEach(async () => {
  client = await database.connect();
  await client.query("DELETE FROM entries");
});

/** How many entries are stored, as another connection sees it. */
async function stored(): Promise<number> {
  return Number((await database.pool().query("SELECT count(*) FROM entries")).rows[0].count);
}

describe("what is sent", () => {
  test("does not include a ROLLBACK after a failed COMMIT", async () => {
    const sent: string[] = [];
    const { connection } = client as unknown as { connection: { query(text: string): void } };
    const query = connection.query.bind(connection);
    connection.query = (text) => {
      sent.push(text);
      query(text);
    };
    await client.query("BEGIN");
    database.local.faults.conflictCommits(1);
    await client.query("INSERT INTO entries VALUES (1)");
    await expect(client.query("COMMIT")).rejects.toThrow("OC000");
    expect(await client.query("ROLLBACK")).toMatchObject({ command: "ROLLBACK", rows: [], rowCount: null });
    expect(sent).toEqual(["BEGIN", "INSERT INTO entries VALUES (1)", "COMMIT"]);
    await client.query("BEGIN");
    expect((await client.query("ROLLBACK")).command).toBe("ROLLBACK");
    expect(sent.slice(3)).toEqual(["BEGIN", "ROLLBACK"]);
  });

  test("includes only one BEGIN of two that are sent at once", async () => {
    const [first, second] = await Promise.allSettled([client.query("BEGIN"), client.query("BEGIN")]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({ reason: { code: "DSQL_NESTED_TRANSACTION" } });
    await client.query("ROLLBACK");
  });

  test("includes a whole transaction whose statements are not awaited one by one", async () => {
    const texts = ["BEGIN", "INSERT INTO entries VALUES (1)", "COMMIT", "BEGIN", "ROLLBACK"];
    await Promise.all(texts.map((text) => client.query(text)));
    expect(await stored()).toBe(1);
  });
});

describe("several statements in one query", () => {
  test("commit, and report a rollback that an earlier statement caused", async () => {
    await client.query("BEGIN; INSERT INTO entries VALUES (1); COMMIT");
    await client.query("BEGIN");
    await expect(client.query("SELECT nonsense")).rejects.toThrow(DatabaseError);
    await expect(client.query("COMMIT; SELECT 1")).rejects.toThrow(TransactionRolledBackError);
    await client.query("BEGIN; ROLLBACK; SELECT 1");
    expect(await stored()).toBe(1);
  });

  test("cannot begin inside a transaction", async () => {
    await client.query("BEGIN");
    await expect(client.query("SELECT 1; BEGIN; SELECT 2")).rejects.toThrow(NestedTransactionError);
    await client.query("COMMIT; BEGIN");
    await client.query("ROLLBACK");
  });

  test("have an undetermined outcome if they are cut at their COMMIT", async () => {
    database.local.faults.cutConnection("in-statement");
    await expect(client.query("BEGIN; INSERT INTO entries VALUES (1); COMMIT")).rejects.toThrow(
      CommitOutcomeUnknownError,
    );
  });
});

describe("a statement outside a transaction", () => {
  test("has an undetermined outcome if it writes and the connection is cut after it was stored", async () => {
    database.local.faults.cutConnection("after-commit");
    await expect(client.query("INSERT INTO entries VALUES (1)")).rejects.toThrow(CommitOutcomeUnknownError);
    expect(await stored()).toBe(1);
  });

  test("fails with a lost connection if it only reads", async () => {
    database.local.faults.cutConnection("in-statement");
    await expect(client.query("/* all */ SELECT * FROM entries")).rejects.toThrow(ConnectionLostError);
  });

  test("has an undetermined outcome if it writes and the response is XX000", async () => {
    database.local.faults.serverUnavailable("after-commit");
    await expect(client.query("INSERT INTO entries VALUES (1)")).rejects.toThrow(CommitOutcomeUnknownError);
  });

  test("keeps the server's error if XX000 is the response to a read, or to a statement in a transaction", async () => {
    database.local.faults.serverUnavailable("statement");
    await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "XX000", severity: "ERROR" });
    await client.query("BEGIN");
    database.local.faults.serverUnavailable("statement");
    await expect(client.query("INSERT INTO entries VALUES (1)")).rejects.toMatchObject({ code: "XX000" });
    await client.query("ROLLBACK");
  });

  test.each([
    ["ROLLBACK; INSERT INTO entries VALUES (1)", CommitOutcomeUnknownError],
    ["BEGIN; ROLLBACK; INSERT INTO entries VALUES (1)", CommitOutcomeUnknownError],
    ["INSERT INTO entries VALUES (1); BEGIN", CommitOutcomeUnknownError],
    ["ROLLBACK; SELECT 1", ConnectionLostError],
    ["BEGIN; INSERT INTO entries VALUES (1)", ConnectionLostError],
  ])("is judged by what it does outside a transaction when it is cut: %s", async (text, expected) => {
    database.local.faults.cutConnection("in-statement");
    await expect(client.query(text)).rejects.toThrow(expected);
  });

  test("is safe to retry by failureOf if XX000 is the response to a read or to a statement in a transaction", async () => {
    const failures: string[] = [];
    const note = (error: unknown) => failures.push(failureOf(error));
    database.local.faults.serverUnavailable("statement");
    await client.query("SELECT 1").catch(note);
    await client.query("BEGIN");
    database.local.faults.serverUnavailable("statement");
    await client.query("INSERT INTO entries VALUES (1)").catch(note);
    await client.query("ROLLBACK");
    await client.query("BEGIN");
    database.local.faults.serverUnavailable("commit");
    await client.query("COMMIT").catch(note);
    database.local.faults.serverUnavailable("after-commit");
    await client.query("INSERT INTO entries VALUES (2)").catch(note);
    expect(failures).toEqual([
      "server-unavailable",
      "server-unavailable",
      "commit-outcome-unknown",
      "commit-outcome-unknown",
    ]);
  });
});

describe("a wrong number of values", () => {
  test("is the server's own error, also for a write outside a transaction", async () => {
    const failed = client.query("INSERT INTO entries VALUES ($1)", [1, 2]);
    await expect(failed).rejects.toMatchObject({ code: "08P01", severity: "ERROR" });
  });
});

describe("a statement without a response", () => {
  test("is a COMMIT of undetermined outcome after commitTimeoutMillis, and its connection is closed", async () => {
    const impatient = await database.connect({ commitTimeoutMillis: 50 });
    await impatient.query("BEGIN");
    await impatient.query("INSERT INTO entries VALUES (1)");
    database.local.faults.dropCommitResponse();
    await expect(impatient.query("COMMIT")).rejects.toThrow(CommitOutcomeUnknownError);
    expect((await impatient.query("ROLLBACK")).command).toBe("ROLLBACK");
    await expect(impatient.query("SELECT 1")).rejects.toThrow(ConnectionLostError);
    expect(await stored()).toBe(1);
  });

  test("is rolled back by closing the connection, so that ROLLBACK does not wait behind it", async () => {
    const impatient = await database.connect({ query_timeout: 1_000 });
    await impatient.query("BEGIN");
    await impatient.query("INSERT INTO entries VALUES (1)");
    await expect(impatient.query("SELECT pg_sleep(20)")).rejects.toThrow("Query read timeout");
    expect((await impatient.query("ROLLBACK")).command).toBe("ROLLBACK");
    expect(await stored()).toBe(0);
  });
});
