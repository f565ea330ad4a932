import { type LocalDsql, startLocalDsql } from "dsql-local";
import { DatabaseError, Query } from "pg";
import Cursor from "pg-cursor";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  DsqlClient,
  NestedTransactionError,
  TransactionRolledBackError,
} from "../src/index.ts";

let local: LocalDsql;
let client: DsqlClient;

beforeAll(async () => {
  local = await startLocalDsql();
  const setup = new DsqlClient(local.connection);
  await setup.connect();
  await setup.query("CREATE TABLE entries (id int PRIMARY KEY)");
  await setup.end();
});
afterAll(async () => {
  await local.stop();
});
beforeEach(async () => {
  client = new DsqlClient({ ...local.connection, commitTimeoutMillis: 2000 });
  await client.connect();
  await client.query("DELETE FROM entries");
});
afterEach(async () => {
  local.faults.clear();
  await client.end();
});

/** How many entries are stored, as another connection sees it. */
async function stored(): Promise<number> {
  const other = new DsqlClient(local.connection);
  await other.connect();
  try {
    return Number((await other.query("SELECT count(*) FROM entries")).rows[0].count);
  } finally {
    await other.end();
  }
}

/** Every way to pass a statement to pg. */
const WAYS: [string, (text: string) => Promise<{ command: string }>][] = [
  ["a text", (text) => client.query(text)],
  ["a config object", (text) => client.query({ text })],
  ["a config object with values", (text) => client.query({ text, values: [] })],
  ["a text and a callback", (text) => called((done) => client.query(text, done))],
  ["a text, values and a callback", (text) => called((done) => client.query(text, [], done))],
  [
    "a config object that holds its callback",
    (text) => called((callback) => client.query({ text, callback } as never)),
  ],
  ["a Query with a callback", (text) => called((done) => client.query(new Query(text, done as never)))],
  [
    "a Query that emits events",
    (text) =>
      new Promise((resolve, reject) => {
        const query = client.query(new Query(text));
        query.on("end", resolve as never);
        query.on("error", reject);
      }),
  ],
  [
    "a cursor",
    (text) =>
      new Promise((resolve, reject) => {
        const cursor = new Cursor(text) as Cursor & {
          on(event: "end", heard: (result: never) => void): void;
        };
        cursor.on("end", resolve);
        client.query(cursor as never);
        cursor.read(10).catch(reject);
      }),
  ],
];

function called<T>(run: (done: (error: Error | null, result: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    run((error, result) => (error ? reject(error) : resolve(result)));
  });
}

describe.each(WAYS)("a statement passed as %s", (way, run) => {
  test("commits", async () => {
    await run("BEGIN");
    await run("INSERT INTO entries VALUES (1)");
    await run("COMMIT");
    expect(await stored()).toBe(1);
  });

  test("receives an error if its COMMIT stored nothing because the work caught an error", async () => {
    await run("BEGIN");
    await run("INSERT INTO entries VALUES (1)");
    await expect(run("SELECT nonsense")).rejects.toThrow(DatabaseError);
    const commit = run("COMMIT");
    await expect(commit).rejects.toThrow(TransactionRolledBackError);
    await expect(commit).rejects.toMatchObject({ cause: { message: expect.stringMatching(/nonsense/) } });
    expect(client.session.status).toBe("I");
    expect(await stored()).toBe(0);
  });

  test("cannot begin inside a transaction, which is unaffected", async () => {
    await run("BEGIN");
    await run("INSERT INTO entries VALUES (1)");
    await expect(run("/* again */ start transaction")).rejects.toThrow(NestedTransactionError);
    await expect(run("SAVEPOINT a")).rejects.toThrow(NestedTransactionError);
    await run("INSERT INTO entries VALUES (2)");
    await run("COMMIT");
    expect(await stored()).toBe(2);
  });

  test("has an undetermined outcome if its connection is cut at COMMIT, whether it was stored or not", async () => {
    for (const [point, rows] of [
      ["before-commit", 0],
      ["after-commit", 1],
    ] as const) {
      const own = client;
      await run("BEGIN");
      await run("INSERT INTO entries VALUES (1)");
      local.faults.cutConnection(point);
      const commit = run("COMMIT");
      await expect(commit).rejects.toThrow(CommitOutcomeUnknownError);
      await expect(commit).rejects.toMatchObject({
        code: "DSQL_COMMIT_OUTCOME_UNKNOWN",
        cause: expect.any(Error),
      });
      expect(await stored()).toBe(rows);
      await own.end();
      client = new DsqlClient(local.connection);
      await client.connect();
    }
  });

  test("has an undetermined outcome if the response to COMMIT is XX000", async () => {
    await run("BEGIN");
    await run("INSERT INTO entries VALUES (1)");
    local.faults.serverUnavailable("after-commit");
    await expect(run("COMMIT")).rejects.toThrow(CommitOutcomeUnknownError);
    expect(await stored()).toBe(1);
  });

  test("rejects with the server's own error if COMMIT met a conflict, and does not send the ROLLBACK", async () => {
    await run("BEGIN");
    await run("INSERT INTO entries VALUES (1)");
    local.faults.conflictCommits(1);
    await expect(run("COMMIT")).rejects.toMatchObject({ code: "40001", severity: "ERROR" });
    if (way !== "a cursor") expect((await run("ROLLBACK")).command).toBe("ROLLBACK");
    await run("BEGIN");
    await run("INSERT INTO entries VALUES (2)");
    await run("COMMIT");
    expect(await stored()).toBe(1);
  });

  test("fails with a lost connection if it was cut in a transaction before COMMIT", async () => {
    await run("BEGIN");
    await run("INSERT INTO entries VALUES (1)");
    local.faults.cutConnection("in-statement");
    await expect(run("INSERT INTO entries VALUES (2)")).rejects.toThrow(ConnectionLostError);
    await expect(run("COMMIT")).rejects.toThrow(ConnectionLostError);
    expect(await stored()).toBe(0);
  });

  test("fails with a lost connection if it was cut at BEGIN", async () => {
    local.faults.cutConnection("before-begin");
    await expect(run("BEGIN")).rejects.toThrow(ConnectionLostError);
  });
});
