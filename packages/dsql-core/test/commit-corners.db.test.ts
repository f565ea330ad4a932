import { Query } from "pg";
import Cursor from "pg-cursor";
import { beforeEach, describe, expect, test } from "vitest";
import {
  CommitOutcomeUnknownError,
  ConnectionLostError,
  type DsqlClient,
  type DsqlConnectionOptions,
  TransactionRolledBackError,
} from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase("CREATE TABLE entries (id int PRIMARY KEY)");
const INSERT = "INSERT INTO entries VALUES (1)";

beforeEach(async () => {
  await database.pool().query("DELETE FROM entries");
});

/** A client in a transaction that has written. */
async function inTransaction(options: DsqlConnectionOptions = {}): Promise<DsqlClient> {
  const client = await database.connect(options);
  await client.query("BEGIN");
  await client.query(INSERT);
  return client;
}

async function stored(): Promise<number> {
  return (await database.pool().query("SELECT * FROM entries")).rowCount ?? 0;
}

/** Runs SQL as a statement object with a callback. */
const submitted = (client: DsqlClient, text: string) =>
  new Promise((resolve, reject) => {
    client.query(
      new Query(text, ((error: Error | null, result: unknown) =>
        error ? reject(error) : resolve(result)) as never),
    );
  });

describe("a COMMIT that the server does not carry out", () => {
  test.each([
    ["not supported", "COMMIT AND CHAIN", "0A000"],
    ["syntax error", "COMMIT nonsense", "42601"],
    ["not reached", "SELECT nonsense; COMMIT", "42703"],
  ])("(%s) leaves the transaction open until ROLLBACK", async (_what, text, code) => {
    const client = await inTransaction();
    await expect(client.query(text)).rejects.toMatchObject({ code });
    await client.query("ROLLBACK");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.query("BEGIN");
    await client.query("COMMIT");
    expect(await stored()).toBe(0);
  });
});

describe("a prepared COMMIT", () => {
  test("is recognised by its name alone", async () => {
    const client = await database.connect();
    await client.query({ name: "end", text: "COMMIT" });
    await client.query("BEGIN");
    await expect(client.query("SELECT nonsense")).rejects.toThrow("nonsense");
    await expect(client.query({ name: "end" } as never)).rejects.toThrow(TransactionRolledBackError);
  });
});

describe("a COMMIT that is queued behind another statement", () => {
  test("was not sent if the connection is lost before the response to that statement", async () => {
    const client = await inTransaction();
    database.local.faults.cutConnection("in-statement");
    const [insert, commit] = await Promise.allSettled([
      client.query("INSERT INTO entries VALUES (2)"),
      client.query("COMMIT"),
    ]);
    expect(insert).toMatchObject({ reason: { code: "DSQL_CONNECTION_LOST" } });
    expect(commit).toMatchObject({ reason: { code: "DSQL_CONNECTION_LOST" } });
    expect(await stored()).toBe(0);
  });

  test("has its time limit only from when it is sent", async () => {
    const client = await inTransaction({ commitTimeoutMillis: 100 });
    await Promise.all([client.query("SELECT pg_sleep(0.2)"), client.query("COMMIT")]);
    expect(await stored()).toBe(1);
  });
});

describe("a write that commits by itself", () => {
  test("has an undetermined outcome although a BEGIN is queued behind it", async () => {
    const client = await database.connect();
    database.local.faults.cutConnection("after-commit");
    const [insert, begin] = await Promise.allSettled([client.query(INSERT), client.query("BEGIN")]);
    expect(insert).toMatchObject({ reason: { code: "DSQL_COMMIT_OUTCOME_UNKNOWN" } });
    expect(begin).toMatchObject({ reason: { code: "DSQL_CONNECTION_LOST" } });
    expect(await stored()).toBe(1);
  });
});

describe("a COMMIT without a response", () => {
  test.each([
    ["alone", "COMMIT"],
    ["among other statements", "INSERT INTO entries VALUES (2); COMMIT"],
  ])("has an undetermined outcome as a statement object, %s", async (_what, text) => {
    const client = await inTransaction({ commitTimeoutMillis: 100 });
    database.local.faults.dropCommitResponse();
    await expect(submitted(client, text)).rejects.toThrow(CommitOutcomeUnknownError);
  });

  test("calls its callback only once", async () => {
    const client = await inTransaction({ commitTimeoutMillis: 100 });
    database.local.faults.dropCommitResponse();
    const called: unknown[] = [];
    const ended = new Promise((resolve) => client.connection.once("end", resolve));
    client.query("COMMIT", (error: Error | null) => called.push(error));
    await ended;
    await new Promise((resolve) => setImmediate(resolve));
    expect(called).toMatchObject([{ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" }]);
  });

  test("has an undetermined outcome although a type parser threw before it", async () => {
    const types = {
      getTypeParser: () => () => {
        throw new TypeError("a parser of the user's");
      },
    };
    const client = await inTransaction({ commitTimeoutMillis: 100, types: types as never });
    database.local.faults.dropCommitResponse();
    const failed = client.query("INSERT INTO entries VALUES (2) RETURNING id; COMMIT");
    await expect(failed).rejects.toThrow(CommitOutcomeUnknownError);
  });

  test("has an undetermined outcome when query_timeout passes, however it was sent", async () => {
    for (const commit of [submitted, (client: DsqlClient, text: string) => client.query(text)]) {
      const client = await database.connect({ commitTimeoutMillis: 0, query_timeout: 200 });
      await client.query("BEGIN");
      database.local.faults.dropCommitResponse();
      await expect(commit(client, "COMMIT")).rejects.toThrow(CommitOutcomeUnknownError);
    }
  });
});

describe("a cursor", () => {
  test("whose connection is lost can be closed", async () => {
    const client = await inTransaction();
    const cursor = client.query(new Cursor("SELECT generate_series(1, 10)") as never) as unknown as Cursor;
    await cursor.read(1);
    const lost = new Promise((resolve) => client.connection.once("end", resolve));
    client.connection.stream.destroy();
    await lost;
    await expect(cursor.read(1)).rejects.toThrow(ConnectionLostError);
    await cursor.close();
  });
});
