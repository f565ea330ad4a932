import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, connect as openSocket, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { DsqlClient, type DsqlTelemetry } from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase("CREATE TABLE life (id int PRIMARY KEY)");

const closing: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const close of closing.splice(0)) close();
});

/** A server on its own port that passes each socket to `serve`. */
async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    closing.push(() => socket.destroy());
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  closing.push(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("a connection that has been idle for too long by the wall clock is replaced, although no timer has fired", async () => {
  const pool = database.pool({ max: 1, idleTimeoutMillis: 60_000 });
  await pool.query("SELECT 1");
  // A frozen process: its clock continues, its timers do not.
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.now() + 59_000);
  await pool.query("SELECT 1");
  expect(pool.stats.connectionsOpened).toBe(1);
  vi.setSystemTime(Date.now() + 61_000);
  await pool.query("SELECT 1");
  expect(pool.stats.connectionsOpened).toBe(2);
});

test("a login that times out closes its socket", async () => {
  let closed: Promise<unknown> | undefined;
  const port = await listen((socket) => {
    closed = once(socket, "close");
    socket.resume();
    socket.on("end", () => socket.end());
  });
  const client = new DsqlClient({ ...database.local.connection, port, connectionTimeoutMillis: 100 });
  await expect(client.connect()).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
  await closed;
  expect(closed).toBeDefined();
});

test("end() returns although the server does not close the connection", async () => {
  const { hostaddr, port: target } = database.local.connection;
  // Does not forward the client's Terminate, nor the end of its socket.
  const port = await listen((socket) => {
    const upstream = openSocket(target, hostaddr);
    upstream.on("error", () => {});
    closing.push(() => upstream.destroy());
    socket.on("data", (bytes) => isOver || upstream.write(bytes));
    upstream.on("data", (bytes) => socket.write(bytes));
  });
  let isOver = false;
  const client = new DsqlClient({ ...database.local.connection, port });
  await client.connect();
  await client.query("SELECT 1");
  isOver = true;
  await client.end();
});

test("a write outside a transaction whose response is lost is reported as undetermined", async () => {
  const reported: unknown[] = [];
  const telemetry: DsqlTelemetry = { commitUnknown: ({ error }) => reported.push(error) };
  const pool = database.pool({ telemetry });
  database.local.faults.cutConnection("after-commit");
  const failure = await pool.query("INSERT INTO life VALUES (1)").catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
  expect(reported).toEqual([failure]);
});

test("FATAL inside a transaction ends the connection, and the next transaction uses another", async () => {
  const pool = database.pool({ max: 1 });
  let runs = 0;
  database.local.faults.endSession("statement");
  await pool.transactionWithRetry(async (client) => {
    runs++;
    await client.query("INSERT INTO life VALUES (2)");
  });
  expect(runs).toBe(2);
  expect(pool.stats.connectionsOpened).toBe(2);
  expect((await pool.query("SELECT id FROM life WHERE id = 2")).rowCount).toBe(1);
});

test("FATAL in response to COMMIT leaves its outcome undetermined", async () => {
  const pool = database.pool({ max: 1 });
  database.local.faults.endSession("commit");
  const work = (client: { query(text: string): Promise<unknown> }) =>
    client.query("INSERT INTO life VALUES (3)");
  await expect(pool.transactionWithRetry(work)).rejects.toMatchObject({
    code: "DSQL_COMMIT_OUTCOME_UNKNOWN",
  });
});

test("a statement on a connection that was idle keeps the process alive with allowExitOnIdle", async () => {
  database.local.faults.latency({ roundTripMs: 300 });
  const child = fileURLToPath(new URL("exit-child.js", import.meta.url));
  const env = { ...process.env, CONNECTION: JSON.stringify(database.local.connection) };
  const { stdout } = await promisify(execFile)(process.execPath, [child], { env });
  expect(stdout).toBe("received 2");
});

test("COMMIT beside ROLLBACK in one query is judged by the response to the COMMIT", async () => {
  const pool = database.pool({ max: 1 });
  const client = await pool.connect();
  try {
    await client.query(
      "BEGIN; INSERT INTO life VALUES (4); ROLLBACK; BEGIN; INSERT INTO life VALUES (5); COMMIT",
    );
    await client.query("BEGIN");
    await expect(client.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
    await expect(client.query("COMMIT")).rejects.toMatchObject({ code: "DSQL_TRANSACTION_ROLLED_BACK" });
    await client.query("BEGIN");
    await expect(client.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
    await expect(client.query("COMMIT; BEGIN; ROLLBACK")).rejects.toMatchObject({
      code: "DSQL_TRANSACTION_ROLLED_BACK",
    });
  } finally {
    client.release();
  }
  expect((await pool.query("SELECT id FROM life WHERE id IN (4, 5)")).rows).toEqual([{ id: 5 }]);
});
