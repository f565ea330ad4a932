import { once } from "node:events";
import { inspect } from "node:util";
import { Client, Pool, Query } from "pg";
import Cursor from "pg-cursor";
import { afterEach, describe, expect, test, vi } from "vitest";
import { internalsOf } from "../src/client/pg-internals.ts";
import {
  ClientReleasedError,
  DsqlClient,
  DsqlPool,
  type DsqlPoolClient,
  isDsqlPool,
  openPool,
  PoolEndedError,
  type RetryEvent,
} from "../src/index.ts";
import { cut, failure, nothing, refusal, useScriptedServer } from "./scripted-server.ts";

const server = useScriptedServer();
const CONFLICT = failure("40001", "(OC000)");
const AT_ONCE = { backoff: () => 0 };

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("pool.query", () => {
  test("works like that of a pg.Pool, in every form, on one connection", async () => {
    const pool = server.pool();
    expect(pool).toBeInstanceOf(Pool);
    const text = [{ text: "SELECT 1" }];
    expect((await pool.query("SELECT 1")).rows).toEqual(text);
    expect((await pool.query("SELECT 1", [1])).rows).toEqual(text);
    expect((await pool.query({ text: "SELECT 1", values: [1] })).rows).toEqual(text);
    expect((await pool.query({ text: "SELECT 1", rowMode: "array" })).rows).toEqual([["SELECT 1"]]);
    const rows = (run: (done: (error: unknown, result?: { rows: unknown[] }) => void) => unknown) =>
      new Promise((resolve) => run((error, result) => resolve(error ?? result?.rows)));
    expect(await rows((done) => expect(pool.query("SELECT 1", done)).toBeUndefined())).toEqual(text);
    expect(await rows((done) => pool.query("SELECT 1", [1], done))).toEqual(text);
    expect(await rows((done) => pool.query({ text: "SELECT 1" }, done as never))).toEqual(text);
    expect(await rows((done) => pool.query(new Query("SELECT 1", done as never)))).toEqual(text);
    expect(await rows((done) => pool.query(new Query("SELECT 1") as never, done))).toEqual(text);
    const submitted = pool.query(new Query("SELECT 1")) as unknown as Promise<{ rows: unknown[] }>;
    expect((await submitted).rows).toEqual(text);
    expect(server.sessions).toHaveLength(1);
  });

  test("prefers the callback argument to that of a statement object", async () => {
    const pool = server.pool();
    const inside = vi.fn();
    await new Promise<void>((resolve) => {
      pool.query(new Query("SELECT 1", inside as never) as never, (() => resolve()) as never);
    });
    expect(inside).not.toHaveBeenCalled();
  });

  test("refuses a cursor and a query stream, which would keep their connection", async () => {
    const pool = server.pool();
    const stream = { submit: () => {}, cursor: {} };
    for (const one of [new Cursor("rows 9"), stream])
      await expect(pool.query(one as never)).rejects.toMatchObject({
        code: "DSQL_CONFIG",
        message: expect.stringMatching(/pool.connect/),
      });
    expect(server.sessions).toEqual([]);
  });

  test("treats an object without a submit method as a config object", async () => {
    const config = { text: "SELECT 1", submit: "no method", read: () => {} };
    await expect(server.pool().query(config as never)).resolves.toMatchObject({ rowCount: 1 });
  });

  test("rejects or calls back with the error, after releasing the connection", async () => {
    const pool = server.pool({ max: 1 });
    server.next(/FAIL/, failure("42601"));
    const theCaller = async () => await pool.query("FAIL");
    await expect(theCaller()).rejects.toMatchObject({
      code: "42601",
      stack: expect.stringMatching(/theCaller/),
    });
    server.next(/FAIL/, failure("42601"));
    const idle: number[] = [];
    const error = await new Promise((resolve) =>
      pool.query("FAIL", (reason) => {
        idle.push(pool.idleCount);
        resolve(reason);
      }),
    );
    await new Promise<void>((resolve) =>
      pool.query("SELECT 1", () => {
        idle.push(pool.idleCount);
        resolve();
      }),
    );
    expect(error).toMatchObject({ code: "42601" });
    expect([idle, server.sessions.length]).toEqual([[1, 1], 1]);
  });

  test("rejects what pg refuses to send, and keeps the connection", async () => {
    const pool = server.pool({ max: 1 });
    await pool.query("SELECT 1");
    for (const none of [null, undefined])
      await expect(pool.query(none as never)).rejects.toThrow("null or undefined query");
    await expect(pool.query("SELECT $1", "no list" as never)).rejects.toThrow("must be an array");
    expect((await pool.query("SELECT 1")).rowCount).toBe(1);
    expect(pool.stats).toMatchObject({ idle: 1, connectionsOpened: 1 });
  });

  test("is not affected by what a callback throws", async () => {
    const pool = server.pool({ max: 1 });
    const mine = new Error("mine");
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    pool.query("SELECT 1", () => {
      throw mine;
    });
    expect(await uncaught).toBe(mine);
    expect((await pool.query("SELECT 1")).rowCount).toBe(1);
    expect(server.sessions).toHaveLength(1);
  });

  test("fails with the error of the connection that could not be opened", async () => {
    server.nextLogin(refusal("28000"), refusal("28000"));
    const pool = server.pool();
    await expect(pool.query("SELECT 1")).rejects.toMatchObject({ code: "28000" });
    const error = await new Promise((resolve) => pool.query("SELECT 1", resolve as never));
    expect(error).toMatchObject({ code: "28000" });
    expect(pool.stats).toMatchObject({ total: 0, waiting: 0, connectionsFailed: 2 });
  });

  test("retries after a conflict, and reports it", async () => {
    const retries: RetryEvent[] = [];
    const telemetry = { retry: (event: RetryEvent) => void retries.push(event) };
    const pool = server.pool({ retry: AT_ONCE, telemetry });
    server.next(/INSERT/, CONFLICT);
    server.next(/INSERT/, CONFLICT);
    expect((await pool.query("INSERT")).command).toBe("INSERT");
    expect(retries.map(({ attempt }) => attempt)).toEqual([1, 2]);
    server.next(/INSERT/, CONFLICT);
    server.next(/INSERT/, failure("23505"));
    await expect(pool.query("INSERT")).rejects.toMatchObject({ code: "23505" });
    expect(server.received).toHaveLength(5);
  });

  test("does not retry with autocommitRetry: false", async () => {
    const pool = server.pool({ autocommitRetry: false });
    server.next(/INSERT/, CONFLICT);
    await expect(pool.query("INSERT")).rejects.toMatchObject({ code: "40001" });
    expect(server.received).toHaveLength(1);
    expect([pool.autocommitRetry, server.pool().autocommitRetry]).toEqual([false, true]);
  });
});

describe("a client of a pool", () => {
  test("sends nothing after its release, which is possible only once", async () => {
    const pool = server.pool({ max: 1 });
    const client = await pool.connect();
    expect(client).toBeInstanceOf(DsqlClient);
    expect(pool).toMatchObject({ totalCount: 1, idleCount: 0, waitingCount: 0, expiredCount: 0 });
    await client.query("SELECT 1");
    client.release();
    expect(pool).toMatchObject({ totalCount: 1, idleCount: 1 });
    await expect(client.query("SELECT 2")).rejects.toThrow(ClientReleasedError);
    expect(() => client.release()).toThrow("already been released");
    expect(server.received).toEqual(["SELECT 1"]);
  });

  test("is passed to a callback, with a function that releases it", async () => {
    const pool = server.pool({ max: 1 });
    for (const reason of [undefined, new Error("no good")])
      await new Promise<void>((resolve) => {
        const returned = pool.connect((error, client, done) => {
          expect([error, client instanceof DsqlClient]).toEqual([undefined, true]);
          done(reason);
          resolve();
        });
        expect(returned).toBeUndefined();
      });
    expect(pool.stats).toMatchObject({ total: 0, connectionsOpened: 1 });
    server.nextLogin(refusal("28000"));
    await new Promise<void>((resolve) =>
      pool.connect((error, client, done) => {
        expect([error, client]).toMatchObject([{ code: "28000" }, undefined]);
        done();
        resolve();
      }),
    );
    server.nextLogin(refusal("28000"));
    await expect(pool.connect()).rejects.toMatchObject({ code: "28000" });
  });

  test.each([true, new Error("no good")])("is closed if it is released with %s", async (reason) => {
    const pool = server.pool();
    (await pool.connect()).release(reason);
    expect(pool.totalCount).toBe(0);
    await expect.poll(() => pool.stats.connectionsClosed).toBe(1);
  });

  test.each([
    ["with an open transaction", ["BEGIN"]],
    ["with a failed transaction", ["BEGIN", "FAIL"]],
  ])("is closed if it is released %s", async (_what, texts) => {
    const pool = server.pool();
    const client = await pool.connect();
    server.next(/FAIL/, failure("42601"));
    for (const text of texts) await client.query(text).catch(() => {});
    client.release();
    await expect.poll(() => pool.totalCount).toBe(0);
  });

  test("is closed if it is released while a statement is running", async () => {
    const pool = server.pool();
    const client = await pool.connect();
    server.next(/SELECT/, nothing);
    const running = client.query("SELECT 1");
    client.release();
    await expect(running).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    expect(pool.totalCount).toBe(0);
  });

  test("is reused if it is released before the end of an error response", async () => {
    const pool = server.pool({ max: 1 });
    const client = await pool.connect();
    server.next(/FAIL/, (session) => session.error("42601"));
    await expect(client.query("FAIL")).rejects.toMatchObject({ code: "42601" });
    client.release();
    await nextTurn();
    expect(pool.stats).toMatchObject({ total: 1, idle: 0 });
    server.session.ready();
    await expect.poll(() => pool.idleCount).toBe(1);
    expect(server.sessions).toHaveLength(1);
  });

  test("is closed in that case if it is released to be destroyed", async () => {
    const pool = server.pool({ max: 1 });
    const client = await pool.connect();
    server.next(/FAIL/, (session) => session.error("42601"));
    await expect(client.query("FAIL")).rejects.toMatchObject({ code: "42601" });
    client.release(true);
    expect(pool.totalCount).toBe(0);
  });

  test("is closed in that case if its transaction stays open", async () => {
    const pool = server.pool({ max: 1 });
    const client = await pool.connect();
    await client.query("BEGIN");
    server.next(/FAIL/, (session) => session.error("42601"));
    await expect(client.query("FAIL")).rejects.toMatchObject({ code: "42601" });
    client.release();
    server.session.ready();
    await expect.poll(() => pool.totalCount).toBe(0);
  });
});

describe("the events of a pool", () => {
  test("are pg's", async () => {
    const pool = server.pool({ max: 1 });
    const heard: unknown[] = [];
    for (const name of ["connect", "acquire", "remove"] as const)
      pool.on(name, (client) => void heard.push([name, client instanceof DsqlClient]));
    pool.on(
      "release" as never,
      ((reason: unknown, client: unknown) =>
        heard.push(["release", reason, client instanceof DsqlClient])) as never,
    );
    const client = await pool.connect();
    client.release();
    const mine = new Error("mine");
    (await pool.connect()).release(mine);
    await expect.poll(() => heard.length).toBe(6);
    expect(heard).toEqual([
      ["connect", true],
      ["acquire", true],
      ["release", undefined, true],
      ["acquire", true],
      ["release", mine, true],
      ["remove", true],
    ]);
  });

  test("report the loss of an idle connection, which is replaced", async () => {
    const lines: unknown[] = [];
    const logger = { info: (message: string, details?: object) => void lines.push([message, details]) };
    const pool = server.pool({ logger: logger as never });
    const lost = once(pool, "error");
    await pool.query("SELECT 1");
    server.session.cut();
    const [error, client] = await lost;
    expect(error).toBeInstanceOf(Error);
    expect(client).toBeInstanceOf(DsqlClient);
    expect(pool.stats).toMatchObject({ total: 0, idle: 0 });
    expect(lines).toEqual([["an idle connection was lost", { error: expect.stringMatching(/terminated/) }]]);
    expect((await pool.query("SELECT 2")).rowCount).toBe(1);
    expect(server.sessions).toHaveLength(2);
  });

  test("do not end the process without a listener, and do not report a connection in use", async () => {
    const pool = server.pool();
    await pool.query("SELECT 1");
    server.session.cut();
    await expect.poll(() => pool.totalCount).toBe(0);
    const heard = vi.fn();
    pool.on("error", heard);
    const client = await pool.connect();
    const ended = once(client.connection, "end");
    server.session.cut();
    await ended;
    expect(pool.totalCount).toBe(1);
    client.release();
    expect(pool.totalCount).toBe(0);
    (await pool.connect()).release();
    const again = await pool.connect();
    const endedAgain = once(again.connection, "end");
    server.session.cut();
    await endedAgain;
    expect(pool.totalCount).toBe(1);
    again.release();
    expect(heard).not.toHaveBeenCalled();
  });

  test("keep the pool working if a listener throws", async () => {
    const pool = server.pool({ max: 1 });
    const mine = new Error("mine");
    pool.on("acquire", () => {
      throw mine;
    });
    const uncaught = new Promise((resolve) => process.once("uncaughtException", resolve));
    const client = await pool.connect();
    expect(await uncaught).toBe(mine);
    client.release();
    expect(pool.idleCount).toBe(1);
  });

  test("close a connection whose `connect` listener throws, and its caller receives the error", async () => {
    const pool = server.pool();
    const mine = new Error("mine");
    pool.once("connect", () => {
      throw mine;
    });
    await expect(pool.query("SELECT 1")).rejects.toBe(mine);
    expect(pool.totalCount).toBe(0);
    await expect.poll(() => server.session.isClosed).toBe(true);
    expect((await pool.query("SELECT 1")).rowCount).toBe(1);
  });

  test("are in the telemetry, the logger and the counts", async () => {
    const heard: [string, object][] = [];
    const telemetry = new Proxy(
      {},
      { get: (_, name) => (event: object) => heard.push([String(name), event]) },
    );
    const lines: unknown[] = [];
    const logger = { warn: (message: string, details?: object) => void lines.push([message, details]) };
    const pool = server.pool({ telemetry, logger: logger as never });
    server.nextLogin(refusal("28000", "no such role"));
    await expect(pool.query("SELECT 1")).rejects.toThrow("no such role");
    await pool.query("SELECT 1");
    expect(pool.stats).toEqual({
      total: 1,
      idle: 1,
      waiting: 0,
      connectionsOpened: 1,
      connectionsClosed: 0,
      connectionsFailed: 1,
      tokensSigned: 1,
      tokensFailed: 0,
      slowestTokenMs: expect.any(Number),
    });
    await pool.end();
    const soon = expect.toSatisfy((ms: number) => ms >= 0 && ms < 60_000);
    expect(heard).toEqual([
      ["tokenSigned", expect.anything()],
      ["connectionFailed", { elapsedMs: soon, error: expect.objectContaining({ code: "28000" }) }],
      ["connectionOpened", { elapsedMs: soon }],
      ["connectionClosed", { lifetimeMs: soon }],
    ]);
    expect(lines).toEqual([["no connection could be opened", { error: "no such role", elapsedMs: soon }]]);
    expect(pool.stats).toMatchObject({ connectionsClosed: 1, total: 0, idle: 0 });
  });
});

describe("waiting for a connection", () => {
  test("is first come, first served, on at most `max` connections", async () => {
    const pool = server.pool({ max: 2 });
    const order: number[] = [];
    const all = Promise.all([1, 2, 3, 4, 5].map((n) => pool.query("SELECT 1").then(() => order.push(n))));
    expect(pool).toMatchObject({ totalCount: 2, waitingCount: 5 });
    await all;
    expect(order).toEqual([1, 2, 3, 4, 5]);
    expect(pool.stats).toMatchObject({ connectionsOpened: 2, idle: 2 });
  });

  test("opens no more connections than there are callers", async () => {
    const pool = server.pool({ max: 9 });
    await Promise.all([pool.query("SELECT 1"), pool.query("SELECT 2")]);
    expect(pool.stats.connectionsOpened).toBe(2);
    await Promise.all([pool.query("SELECT 1"), pool.query("SELECT 2")]);
    expect(pool.stats.connectionsOpened).toBe(2);
  });

  test("times out with the state of the pool", async () => {
    const pool = server.pool({ max: 1, connectionTimeoutMillis: 200 });
    const client = await pool.connect();
    await expect(pool.connect()).rejects.toMatchObject({
      code: "DSQL_POOL_TIMEOUT",
      pool: { total: 1, idle: 0, waiting: 1, max: 1 },
    });
    client.release();
    expect((await pool.query("SELECT 1")).rowCount).toBe(1);
    const never = server.pool({ connectionTimeoutMillis: 50, credentials: () => new Promise(() => {}) });
    await expect(never.query("SELECT 1")).rejects.toThrow(/1 being opened \(waiting for a token\)/);
  });

  test("ends for each caller with the error of the connection that was opened for it", async () => {
    const pool = server.pool({ max: 3 });
    server.nextLogin(...Array(9).fill(refusal("28000")));
    const all = await Promise.allSettled(Array.from({ length: 9 }, () => pool.query("SELECT 1")));
    for (const one of all) expect(one).toMatchObject({ status: "rejected", reason: { code: "28000" } });
    expect(pool.stats).toMatchObject({ total: 0, waiting: 0, connectionsFailed: 9 });
  });

  test("does not end for a caller that arrived after the failed login began", async () => {
    let refuse = () => {};
    server.nextLogin((session) => {
      refuse = () => refusal("28000")(session, "");
    });
    const pool = server.pool({ max: 1 });
    const first = pool.query("SELECT 1");
    first.catch(() => {});
    await expect.poll(() => server.sessions[0]?.passwords.length).toBe(1);
    const second = pool.query("SELECT 2");
    refuse();
    await expect(first).rejects.toMatchObject({ code: "28000" });
    expect((await second).rows).toEqual([{ text: "SELECT 2" }]);
  });

  test("continues after the failure of a connection whose caller received another", async () => {
    let refuse = (_reason: Error) => {};
    let prepared = 0;
    const onConnect = () =>
      ++prepared === 2 ? new Promise<void>((_, reject) => (refuse = reject)) : Promise.resolve();
    const pool = server.pool({ max: 2, onConnect });
    const client = await pool.connect();
    const first = pool.connect();
    await expect.poll(() => prepared).toBe(2);
    client.release();
    const borrowed = await first;
    const second = pool.query("SELECT 1");
    refuse(new Error("no"));
    expect((await second).rowCount).toBe(1);
    expect(server.sessions).toHaveLength(3);
    borrowed.release();
  });

  test("continues when a connection in use is closed", async () => {
    const pool = server.pool({ max: 1 });
    const client = await pool.connect();
    const waiting = pool.query("SELECT 1");
    client.release(true);
    expect((await waiting).rowCount).toBe(1);
    expect(pool.stats.connectionsOpened).toBe(2);
  });
});

describe("a new connection", () => {
  test("is set up by onConnect before any caller receives it", async () => {
    const pool = server.pool({
      onConnect: async (client) => {
        await client.query("SET x");
      },
    });
    await pool.query("SELECT 1");
    await pool.query("SELECT 2");
    expect(server.received).toEqual(["SET x", "SELECT 1", "SELECT 2"]);
  });

  test.each<[string, () => unknown, object]>([
    ["throws", () => Promise.reject(new Error("mine")), { message: "mine" }],
    [
      "throws at once",
      () => {
        throw new Error("mine");
      },
      { message: "mine" },
    ],
    ["never ends", () => new Promise(() => {}), { code: "DSQL_CONNECTION_LOST" }],
  ])("is closed if onConnect %s", async (_what, onConnect, expected) => {
    const pool = server.pool({ onConnect: onConnect as never, connectionTimeoutMillis: 300 });
    await expect(pool.warmUp(1)).rejects.toMatchObject(expected);
    expect(pool.totalCount).toBe(0);
    await expect.poll(() => server.session.isClosed).toBe(true);
  });

  test("is closed if onConnect leaves a transaction open", async () => {
    const pool = server.pool({ onConnect: async (client) => void (await client.query("BEGIN")) });
    await expect(pool.query("SELECT 1")).rejects.toMatchObject({
      code: "DSQL_CONFIG",
      message: expect.stringMatching(/left a transaction open/),
    });
    expect(pool.totalCount).toBe(0);
  });

  test("leaves no timer of onConnect behind", async () => {
    const pool = server.pool({ onConnect: async () => {}, idleTimeoutMillis: 0, maxLifetimeSeconds: 0 });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await pool.query("SELECT 1");
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the life of a connection", () => {
  test("ends after maxUses", async () => {
    const pool = server.pool({ max: 1, maxUses: 2 });
    for (let use = 0; use < 4; use++) await pool.query("SELECT 1");
    expect(server.sessions.map(({ received }) => received.length)).toEqual([2, 2]);
    expect(pool.totalCount).toBe(0);
  });

  test("ends when it is idle for too long, except for `min` connections", async () => {
    const pool = server.pool({ min: 1, max: 3, idleTimeoutMillis: 1_000 });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    await pool.warmUp(3);
    expect(pool.stats).toMatchObject({ total: 3, idle: 3, connectionsOpened: 3, tokensSigned: 1 });
    vi.advanceTimersByTime(1_000);
    expect(pool.stats).toMatchObject({ total: 1, idle: 1 });
    vi.advanceTimersByTime(10_000);
    expect(pool.stats).toMatchObject({ total: 1, idle: 1, connectionsOpened: 3 });
  });

  test("keeps the process alive while it is used, closed or waited for, but not while it is idle", async () => {
    const pool = server.pool({ max: 1 });
    const calls: string[] = [];
    pool.on("connect", (client) => {
      const internals = internalsOf(client as never);
      for (const name of ["ref", "unref"] as const) {
        const own = internals[name].bind(client);
        internals[name] = () => {
          calls.push(name);
          own();
        };
      }
    });
    await pool.query("SELECT 1");
    expect(calls).toEqual(["unref"]);
    await pool.query("SELECT 1");
    expect(calls).toEqual(["unref", "ref", "unref"]);
    await pool.end();
    expect(calls).toEqual(["unref", "ref", "unref", "ref"]);
  });

  test("always keeps the process alive with allowExitOnIdle: false", async () => {
    const unref = vi.spyOn(Client.prototype as never, "unref");
    const ref = vi.spyOn(Client.prototype as never, "ref");
    const pool = server.pool({ allowExitOnIdle: false });
    await pool.query("SELECT 1");
    await pool.query("SELECT 1");
    await pool.end();
    expect(ref).not.toHaveBeenCalled();
    expect(unref).not.toHaveBeenCalled();
  });
});

describe("warmUp", () => {
  test("opens as many as are missing, at most `max`, and by default `min` but at least one", async () => {
    const pool = server.pool({ max: 3 });
    await pool.warmUp();
    expect(pool.totalCount).toBe(1);
    await pool.warmUp(2);
    await pool.warmUp(1);
    expect(pool.stats).toMatchObject({ total: 2, idle: 2, connectionsOpened: 2 });
    await pool.warmUp(9);
    expect(pool.totalCount).toBe(3);
    const other = server.pool({ min: 2 });
    await other.warmUp();
    expect(other.totalCount).toBe(2);
  });

  test("keeps `min` connections from then on, and none before", async () => {
    const pool = server.pool({ min: 2 });
    (await pool.connect()).release(true);
    await nextTurn();
    expect(pool.totalCount).toBe(0);
    await pool.warmUp();
    (await pool.connect()).release(true);
    expect(pool.totalCount).toBe(2);
    await expect.poll(() => pool.stats).toMatchObject({ idle: 2, connectionsOpened: 4 });
    await pool.end();
    expect(pool.totalCount).toBe(0);
  });

  test("opens the rest of `min` once a connection can be opened again", async () => {
    const pool = server.pool({ min: 3 });
    await pool.warmUp();
    server.nextLogin(...Array(3).fill(refusal("28000")));
    for (const session of server.sessions) session.cut();
    await expect.poll(() => pool.stats).toMatchObject({ total: 0, connectionsFailed: 3 });
    await pool.query("SELECT 1");
    await expect.poll(() => pool.stats).toMatchObject({ total: 3, idle: 3 });
  });

  test("fails with the first error, and does not keep callers waiting", async () => {
    server.nextLogin(refusal("28000"));
    const pool = server.pool({ max: 1 });
    const warm = pool.warmUp(1);
    const query = pool.query("SELECT 1");
    await expect(warm).rejects.toMatchObject({ code: "28000" });
    expect((await query).rowCount).toBe(1);
  });
});

describe("drain", () => {
  test("closes idle connections at once and others when they are released, and waits for both", async () => {
    const pool = server.pool();
    const borrowed = await pool.connect();
    await pool.warmUp(2);
    let isOver = false;
    const drained = pool.drain().then(() => {
      isOver = true;
    });
    await expect.poll(() => pool.stats).toMatchObject({ total: 1, connectionsClosed: 1 });
    expect(isOver).toBe(false);
    await borrowed.query("SELECT 1");
    borrowed.release();
    await drained;
    expect(pool.stats).toMatchObject({ total: 0, connectionsClosed: 2 });
    await pool.query("SELECT 2");
    expect(pool.totalCount).toBe(1);
  });

  test("also closes a connection that was being opened", async () => {
    const pool = server.pool();
    const query = pool.query("SELECT 1");
    await pool.drain();
    await query;
    expect(pool.stats).toMatchObject({ total: 1, connectionsOpened: 2 });
    expect(server.sessions.map(({ received }) => received)).toEqual([[], ["SELECT 1"]]);
  });
});

describe("end", () => {
  test("waits for connections in use, rejects waiting and later callers, and may be called again", async () => {
    const pool = server.pool({ max: 1 });
    const client = await pool.connect();
    const waiting = pool.query("SELECT 1");
    const ended = pool.end();
    expect(pool).toMatchObject({ ending: true, ended: false });
    await expect(waiting).rejects.toThrow("ended before a connection was available");
    expect((await client.query("SELECT 2")).rowCount).toBe(1);
    client.release();
    expect(await ended).toBeUndefined();
    await pool.end();
    expect(pool).toMatchObject({ ended: true, totalCount: 0 });
    expect(server.session.isTerminated).toBe(true);
    for (const use of [
      () => pool.query("SELECT 3"),
      () => pool.connect(),
      () => pool.warmUp(1),
      () => pool.transactionWithRetry(async () => {}),
    ])
      await expect(use()).rejects.toThrow(PoolEndedError);
    expect(server.sessions).toHaveLength(1);
  });

  test("opens no connection in place of those that `min` keeps", async () => {
    const pool = server.pool({ min: 1 });
    await pool.warmUp();
    const ended = pool.end();
    expect(pool.totalCount).toBe(0);
    await ended;
    expect(pool.stats).toMatchObject({ connectionsOpened: 1, connectionsFailed: 0 });
  });

  test("calls its callback", async () => {
    const pool = server.pool();
    await pool.query("SELECT 1");
    await new Promise<void>((resolve) => {
      expect(pool.end(() => resolve())).toBeUndefined();
    });
    expect(pool.totalCount).toBe(0);
  });

  test("waits until the idle connections are closed", async () => {
    server.stayOpen();
    const pool = server.pool();
    await pool.query("SELECT 1");
    let isOver = false;
    const ended = pool.end().then(() => {
      isOver = true;
    });
    await expect.poll(() => server.session.isTerminated).toBe(true);
    expect(isOver).toBe(false);
    server.session.cut();
    await ended;
    expect(pool.stats.connectionsClosed).toBe(1);
  });

  test("ends logins in progress, and waits for no token", async () => {
    server.nextLogin(nothing);
    const pools = [server.pool(), server.pool({ credentials: () => new Promise(() => {}) })];
    for (const pool of pools) {
      const query = pool.query("SELECT 1");
      query.catch(() => {});
      if (pool === pools[0]) await expect.poll(() => server.sessions.length).toBe(1);
      await pool.end();
      await expect(query).rejects.toThrow(PoolEndedError);
      expect(pool.totalCount).toBe(0);
    }
  });

  test("closes a connection that was opened at the last moment", async () => {
    const pool = server.pool();
    const warm = pool.warmUp(1).catch(() => {});
    await new Promise<void>((resolve) => {
      pool.once("connect", () => {
        void pool.end();
        resolve();
      });
    });
    await warm;
    await pool.end();
    expect(pool.totalCount).toBe(0);
    await expect.poll(() => server.session.isClosed).toBe(true);
  });
});

describe("a transaction of a pool", () => {
  test("is committed, retried after a conflict, and given up after maxAttempts", async () => {
    const pool = server.pool({ max: 1, retry: AT_ONCE });
    server.next(/COMMIT/, (session) => {
      session.error("40001", "(OC000)");
      session.ready("I");
    });
    let lent: DsqlPoolClient | undefined;
    const result = await pool.transactionWithRetry(
      async (client) => {
        lent = client;
        return (await client.query("SELECT 1")).rowCount;
      },
      { readOnly: true },
    );
    expect(result).toBe(1);
    const attempt = ["BEGIN READ ONLY", "SELECT 1", "COMMIT"];
    expect(server.received).toEqual([...attempt, ...attempt]);
    await expect(lent?.query("SELECT 2")).rejects.toMatchObject({ code: "DSQL_TRANSACTION_ENDED" });
    expect(pool.stats).toMatchObject({ idle: 1, connectionsOpened: 1 });
    expect(pool.retryOptions).toMatchObject(AT_ONCE);
  });

  test("runs on another connection after the first was lost", async () => {
    const pool = server.pool({ retry: AT_ONCE });
    server.next(/INSERT/, cut);
    await pool.transactionWithRetry((client) => client.query("INSERT"));
    expect(pool.stats).toMatchObject({ connectionsOpened: 2, total: 1 });
  });

  test("under drizzle-orm's name rejects with the conflict itself if it has no retries", async () => {
    const pool = server.pool({ retry: AT_ONCE });
    expect(await pool.transaction(async () => "done")).toBe("done");
    server.next(/INSERT/, CONFLICT);
    await expect(
      pool.transaction((client) => client.query("INSERT"), { maxRetries: 0 }),
    ).rejects.toMatchObject({ code: "40001" });
    for (const _ of [1, 2]) server.next(/INSERT/, CONFLICT);
    await expect(
      pool.transaction((client) => client.query("INSERT"), { maxRetries: 1 }),
    ).rejects.toMatchObject({ code: "DSQL_OCC_RETRY_EXHAUSTED" });
    const mine = new Error("mine");
    await expect(pool.transaction(() => Promise.reject(mine), { maxRetries: 0 })).rejects.toBe(mine);
    await expect(pool.transaction(() => Promise.reject(mine))).rejects.toBe(mine);
  });

  test("may have a conflictKey", async () => {
    const pool = server.pool({ max: 1 });
    await pool.transactionWithRetry((client) => client.query("INSERT"), { conflictKey: "one" });
    expect(server.received).toEqual(["BEGIN", "INSERT", "COMMIT"]);
  });

  test("takes turns with those of all pools of its cluster, and of no other", () => {
    const { host, port } = server.connection as { host: string; port: number };
    const clusterOf = (options: object) => server.pool(options).retryOptions.cluster;
    const own = clusterOf({});
    expect(own).toBe(`${host}:${port}`);
    expect(clusterOf({ host: host.toUpperCase(), retry: AT_ONCE })).toBe(own);
    expect(clusterOf({ host: host.replace(/^a/, "b") })).not.toBe(own);
    expect(clusterOf({ port: port + 1 })).not.toBe(own);
  });
});

describe("what a pool shows", () => {
  test("contains no secret", async () => {
    const pool = server.pool({ ormPrefix: "kysely", min: 1, max: 3, idleTimeoutMillis: 5_000 });
    const { host, port, region } = server.connection;
    const shown = { host, port, user: "admin", database: "postgres", region };
    const applicationName = expect.stringMatching(/^kysely:/);
    expect(pool.toJSON()).toEqual({ ...shown, applicationName, ...pool.stats });
    expect(inspect(pool)).toMatch(/^DsqlPool \{[\s\S]*waiting: 0/);
    expect(inspect({ pool, options: pool.options }, { depth: 9 })).not.toMatch(/secret/);
    const { Client: Own, ...options } = pool.options as never as Record<string, unknown>;
    expect(options).toMatchObject({
      ...{ host, port, user: "admin", database: "postgres", max: 3, min: 1, allowExitOnIdle: true },
      ...{ connectionTimeoutMillis: 30_000, idleTimeoutMillis: 5_000, maxLifetimeSeconds: 3_300 },
      application_name: applicationName,
    });
    const client = new (Own as new () => DsqlClient)();
    expect(await client.connect()).toBeInstanceOf(DsqlClient);
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
    expect(server.pool({ idleTimeoutMillis: 0, maxLifetimeSeconds: 0 }).options).toMatchObject({
      idleTimeoutMillis: 0,
      maxLifetimeSeconds: 0,
    });
  });

  test("identifies it in every copy of this package", () => {
    const pool = server.pool();
    expect(isDsqlPool(pool)).toBe(true);
    const copy = Object.defineProperty({}, Symbol.for("dsql-core.DsqlPool"), { value: true });
    expect(isDsqlPool(copy)).toBe(true);
    for (const other of [undefined, null, "pool", {}, new Pool(), Object.assign(() => {}, { isPool: true })])
      expect(isDsqlPool(other)).toBe(false);
  });

  test("includes the name that an adapter sets", async () => {
    const pool = server.pool();
    pool.useOrmPrefix("drizzle");
    pool.useOrmPrefix("kysely");
    expect(pool.options.application_name).toMatch(/^drizzle:/);
    await pool.query("SELECT 1");
    expect(server.session.parameters.application_name).toMatch(/^drizzle:/);
  });

  test("includes its default options", () => {
    vi.stubEnv("PGHOST", server.connection.host as string);
    expect(new DsqlPool().options).toMatchObject({ max: 10, min: 0 });
    vi.unstubAllEnvs();
  });
});

describe("a pool for an adapter", () => {
  test("is the given one, or is created from options", () => {
    const pool = server.pool();
    expect(openPool(pool, "kysely")).toBe(pool);
    expect(pool.options.application_name).toMatch(/^kysely:/);
    const { host } = server.connection;
    for (const source of [server.connection, `postgres://${host}/`]) {
      const made = openPool(source, "drizzle");
      expect([made instanceof DsqlPool, made.options.host]).toEqual([true, host]);
      expect(made.options.application_name).toMatch(/^drizzle:/);
    }
  });

  test("is not pg's own, which does not guard COMMIT", () => {
    for (const other of [new Pool(), new Client()])
      expect(() => openPool(other as never, "kysely")).toThrow("is not a DsqlPool");
    for (const other of [undefined, null, {}, { connect: 1 }, { query: 1 }])
      expect(() => openPool(other as never, "kysely")).not.toThrow("is not a DsqlPool");
    for (const none of [undefined, null])
      expect(() => openPool(none as never, "kysely")).toThrow(
        expect.objectContaining({ code: "DSQL_CONFIG" }),
      );
  });
});

test("a pool can wait for a job", async () => {
  const pool = server.pool();
  await pool.waitForJob({ rows: [] });
  await expect(pool.waitForJob("no id")).rejects.toMatchObject({ code: "DSQL_CONFIG" });
  expect(server.received).toEqual([]);
});
