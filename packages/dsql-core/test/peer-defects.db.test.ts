import { execFile } from "node:child_process";
import { inspect } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { DsqlPool, parseConnectionString, type RetryEvent } from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

// Known defects of other DSQL connectors for Node, and what this one does instead. Defect 4, the end of the process, is in
// survival.db.test.ts; 8 and 10, conflicts that are given up early or not retried at all, are in conflicts.db.test.ts; 9,
// conflicts that an ORM wraps, is in classify-error.test.ts.

const database = useLocalDatabase("CREATE TABLE entries (id int PRIMARY KEY)");
const { pool } = database;
beforeEach(async () => {
  await pool().query("DELETE FROM entries");
});

/** A provider that counts how often it is called, and can be made to fail. */
function provider() {
  const state = { asked: 0, away: false };
  const credentials = async () => {
    state.asked++;
    if (state.away) throw new Error("the metadata service is away");
    return database.local.credentials;
  };
  return { state, credentials };
}

test("defect 1: credentials are fetched once, not for every query", async () => {
  const { state, credentials } = provider();
  const db = pool({ credentials });
  for (let i = 0; i < 50; i++) await db.query("SELECT 1");
  await Promise.all(Array.from({ length: 30 }, () => db.query("SELECT 1")));
  expect(state.asked).toBe(1);
  expect(db.stats.tokensSigned).toBe(1);
});

test("defect 2: without credentials no query fails while a connection is open, and an ended pool does not fetch any", async () => {
  const { state, credentials } = provider();
  const db = pool({ credentials, max: 1 });
  await db.query("SELECT 1");
  state.away = true;
  await db.query("SELECT 1");
  await db.end();
  const { asked } = state;
  await expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "DSQL_POOL_ENDED" });
  expect(state.asked).toBe(asked);
});

test("defect 3: the caller's options are not changed, and no token can be read from the pool", async () => {
  const options = { ...database.local.connection, max: 1 };
  const before = inspect(options);
  const db = pool(options);
  const client = await db.connect();
  expect(inspect(options)).toBe(before);
  for (const shown of [db, db.options, client, client.connection])
    expect(inspect(shown, { depth: 9, showHidden: true })).not.toMatch(/X-Amz-Signature/);
  client.release();
});

test("defect 5: a COMMIT that stored nothing is an error", async () => {
  const work = async (client: { query(text: string): Promise<unknown> }) => {
    await client.query("INSERT INTO entries VALUES (1)");
    await client.query("INSERT INTO entries VALUES (1)").catch(() => {});
  };
  await expect(pool().transactionWithRetry(work)).rejects.toMatchObject({
    code: "DSQL_TRANSACTION_ROLLED_BACK",
  });
  expect((await pool().query("SELECT * FROM entries")).rows).toEqual([]);
});

test("defect 6: a COMMIT that was lost, or gets no response, is an error that says that its outcome is undetermined", async () => {
  const db = pool({ commitTimeoutMillis: 100 });
  const insert = (id: number) =>
    db.transactionWithRetry((client) => client.query("INSERT INTO entries VALUES ($1)", [id]));
  database.local.faults.cutConnection("after-commit");
  await expect(insert(1)).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
  database.local.faults.dropCommitResponse();
  await expect(insert(2)).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
  expect((await db.query("SELECT id FROM entries ORDER BY id")).rows).toEqual([{ id: 1 }, { id: 2 }]);
});

test("defect 7: no ROLLBACK follows a failed COMMIT", async () => {
  const sent: string[] = [];
  const db = pool({ max: 1 });
  const client = await db.connect();
  const { connection } = client as unknown as { connection: { query(text: string): void } };
  const query = connection.query.bind(connection);
  connection.query = (text) => {
    sent.push(text);
    query(text);
  };
  client.release();
  database.local.faults.conflictCommits(1);
  await db.transactionWithRetry((one) => one.query("INSERT INTO entries VALUES (1)"));
  const attempt = ["BEGIN", "INSERT INTO entries VALUES (1)", "COMMIT"];
  expect(sent).toEqual([...attempt, ...attempt]);
});

test("defect 11: concurrent transactions on one client do not mix", async () => {
  const client = await database.connect();
  const first = client.transactionWithRetry((one) => one.query("INSERT INTO entries VALUES (1)"));
  const second = client.transactionWithRetry((one) => one.query("INSERT INTO entries VALUES (2)"));
  await expect(second).rejects.toMatchObject({ code: "DSQL_NESTED_TRANSACTION" });
  await first;
  expect((await client.query("SELECT id FROM entries")).rows).toEqual([{ id: 1 }]);
});

test("defect 12: an error about credentials has a code, and the provider's own error as cause", async () => {
  const cause = Object.assign(new Error("the metadata service is away"), {
    name: "CredentialsProviderError",
  });
  const failed = pool({ credentials: () => Promise.reject(cause) }).query("SELECT 1");
  await expect(failed).rejects.toMatchObject({ code: "DSQL_TOKEN", cause });
});

test("defect 13: connect accepts a callback as pg does, and what the callback throws is not an unhandled rejection", async () => {
  const script = `
    import { DsqlClient, DsqlPool } from "dsql-core";
    const connection = JSON.parse(process.env.CONNECTION);
    process.on("unhandledRejection", () => process.exit(3));
    process.on("uncaughtException", ({ message }) => console.log(message));
    const client = new DsqlClient(connection);
    console.log(client.connect(() => { throw new Error("the caller's own"); }));
    const pool = new DsqlPool(connection);
    console.log(pool.connect((error, lent, done) => { done(); throw new Error("the caller's own"); }));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await Promise.all([client.end(), pool.end()]);`;
  const env = { ...process.env, CONNECTION: JSON.stringify(database.local.connection) };
  const output = await new Promise<string>((resolve, reject) => {
    const cwd = new URL("..", import.meta.url);
    execFile(process.execPath, ["--input-type=module", "-e", script], { cwd, env }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
  expect(output.trim().split("\n")).toEqual([
    "undefined",
    "undefined",
    "the caller's own",
    "the caller's own",
  ]);
});

test("defect 14: an option that is misspelt, too weak or too long is refused before anything is sent", async () => {
  const host = database.local.host.toUpperCase();
  expect((await pool({ host }).query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(() => parseConnectionString(`mysql://${database.local.host}/`)).toThrow(/scheme/);
  expect(() => parseConnectionString(`postgres://${database.local.host}/?sslmode=disable`)).toThrow(
    /verify-full/,
  );
  expect(parseConnectionString(`postgres://${database.local.host}/?ormPrefix=mine`)).toMatchObject({
    ormPrefix: "mine",
  });
  for (const tokenDurationSecs of [Number.NaN, 0, -5, 0.5, 604_801])
    expect(() => new DsqlPool({ host: database.local.host, tokenDurationSecs })).toThrow(/tokenDurationSecs/);
  expect(() => new DsqlPool({ host: database.local.host, ormPrefix: "x".repeat(60) })).toThrow(/ormPrefix/);
});

test("defect 15: waiting for a connection times out by default, even if it waits for the token", async () => {
  expect(pool().options.connectionTimeoutMillis).toBe(30_000);
  const db = pool({ connectionTimeoutMillis: 50, credentials: () => new Promise(() => {}) });
  await expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "DSQL_POOL_TIMEOUT" });
});

test("defect 16: an abort stops the retries, hooks and counts report them, and concurrent logins share a token", async () => {
  const { state, credentials } = provider();
  const events: RetryEvent[] = [];
  const controller = new AbortController();
  const db = pool({ credentials });
  await db.warmUp(5);
  expect(state.asked).toBe(1);
  database.local.faults.conflictCommits(100);
  const onRetry = (event: RetryEvent) => {
    events.push(event);
    if (events.length === 2) controller.abort(new Error("enough"));
  };
  const work = (client: { query(text: string): Promise<unknown> }) =>
    client.query("INSERT INTO entries VALUES (1)");
  const aborted = db.transactionWithRetry(work, { signal: controller.signal, onRetry });
  await expect(aborted).rejects.toThrow("enough");
  expect(events.map(({ attempt, occType }) => [attempt, occType])).toEqual([
    [1, "data"],
    [2, "data"],
  ]);
  expect(db.stats).toMatchObject({ connectionsOpened: 5, tokensSigned: 1 });
});
