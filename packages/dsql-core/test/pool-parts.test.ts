import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Login } from "../src/client/login.ts";
import { internalsOf } from "../src/client/pg-internals.ts";
import { DsqlClient } from "../src/index.ts";
import { MAX_TIMER_MS } from "../src/options/option-values.ts";
import { resolvePool } from "../src/options/pool-settings.ts";
import { IdleConnections } from "../src/pool/idle-connections.ts";
import { poolTimeout } from "../src/pool/pool-timeout.ts";
import { PooledConnection } from "../src/pool/pooled-connection.ts";
import { WaitingCallers } from "../src/pool/waiting-callers.ts";
import { serverError } from "./conflict-shapes.ts";

const OPTIONS = {
  host: "abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws",
  credentials: { accessKeyId: "AKIA", secretAccessKey: "secret" },
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A connection as it is between two statements. */
function pooled({ maxLifetimeMs = Number.POSITIVE_INFINITY } = {}): PooledConnection {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const client = new DsqlClient(OPTIONS);
  client.connection.emit("readyForQuery", { status: "I" });
  internalsOf(client).readyForQuery = true;
  return new PooledConnection(client, { generation: 1, maxLifetimeMs, nowMs: Date.now() });
}

describe("waiting callers", () => {
  test("are served in the order of their arrival", () => {
    const waiting = new WaitingCallers();
    const served: string[] = [];
    for (const name of ["first", "second"])
      waiting.add(
        (error) => void served.push(`${name} ${error}`),
        1_000,
        () => new Error("late"),
      );
    expect([waiting.size, waiting.latest]).toEqual([2, 2]);
    waiting.next()?.(null);
    waiting.next()?.(null);
    expect(served).toEqual(["first null", "second null"]);
    expect([waiting.next(), waiting.size, vi.getTimerCount()]).toEqual([undefined, 0, 0]);
  });

  test("are skipped if they arrived after the given one", () => {
    const waiting = new WaitingCallers();
    const served: number[] = [];
    for (const number of [1, 2])
      waiting.add(
        () => void served.push(number),
        1_000,
        () => new Error("late"),
      );
    waiting.next(1)?.(null);
    expect(waiting.next(1)).toBeUndefined();
    expect([served, waiting.size]).toEqual([[1], 1]);
    waiting.next(2)?.(null);
    expect(served).toEqual([1, 2]);
  });

  test("fail when their time is up, and are still counted while their error is created", () => {
    const waiting = new WaitingCallers();
    const failures: unknown[] = [];
    const late = new Error("late");
    let sizeThen = 0;
    waiting.add(
      (error) => void failures.push(error),
      1_000,
      () => {
        sizeThen = waiting.size;
        return late;
      },
    );
    vi.advanceTimersByTime(999);
    expect(failures).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(failures).toEqual([late]);
    expect([sizeThen, waiting.size]).toEqual([1, 0]);
  });

  test("may all be rejected", () => {
    const waiting = new WaitingCallers();
    const failures: unknown[] = [];
    const ended = new Error("ended");
    for (const _ of [1, 2])
      waiting.add(
        (error) => void failures.push(error),
        1_000,
        () => new Error("late"),
      );
    waiting.rejectAll(ended);
    expect(failures).toEqual([ended, ended]);
    expect([waiting.size, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

describe("an idle list", () => {
  /** A list, and the connections that it closed. */
  function idleList({
    idleTimeoutMillis = 1_000,
    mayShrink = () => true,
  }: {
    idleTimeoutMillis?: number;
    mayShrink?: () => boolean;
  } = {}) {
    const closed: PooledConnection[] = [];
    const onOld = (connection: PooledConnection) => void closed.push(connection);
    return { closed, idle: new IdleConnections({ idleTimeoutMillis, onOld, mayShrink }) };
  }

  test("returns the connection that was used last", () => {
    const { idle, closed } = idleList();
    const [first, second] = [pooled(), pooled()];
    idle.put(first);
    idle.put(second);
    expect(idle.size).toBe(2);
    expect([idle.take(), idle.take(), idle.take()]).toEqual([second, first, undefined]);
    expect([closed, idle.size]).toEqual([[], 0]);
  });

  test("returns none that has expired by the clock, although no timer has run", () => {
    const { idle, closed } = idleList();
    const [old, young] = [pooled(), pooled()];
    idle.put(old);
    vi.setSystemTime(Date.now() + 999);
    idle.put(young);
    vi.setSystemTime(Date.now() + 1);
    expect(idle.take()).toBe(young);
    expect(idle.take()).toBeUndefined();
    expect(closed).toEqual([old]);
    idle.put(young);
    vi.setSystemTime(Date.now() + 999);
    expect(idle.take()).toBe(young);
  });

  test("returns none whose lifetime is over, or whose session is not clean", () => {
    const { idle, closed } = idleList();
    const [over, dirty] = [pooled({ maxLifetimeMs: 500 }), pooled()];
    idle.put(over);
    idle.put(dirty);
    dirty.client.session.status = "T";
    vi.setSystemTime(Date.now() + 500);
    expect(idle.take()).toBeUndefined();
    expect(closed).toEqual([dirty, over]);
  });

  test("closes each connection when it expires, with one timer", () => {
    const { idle, closed } = idleList();
    const [first, second, third] = [pooled(), pooled(), pooled({ maxLifetimeMs: 700 })];
    idle.put(first);
    vi.advanceTimersByTime(400);
    idle.put(second);
    expect(vi.getTimerCount()).toBe(1);
    idle.put(third);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(299);
    expect(closed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(closed).toEqual([third]);
    vi.advanceTimersByTime(300);
    expect(closed).toEqual([third, first]);
    vi.advanceTimersByTime(400);
    expect(closed).toEqual([third, first, second]);
    expect([idle.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test("keeps those that the pool has to keep, unless their lifetime is over", () => {
    let mayShrink = false;
    const { idle, closed } = idleList({ mayShrink: () => mayShrink });
    const [kept, mortal] = [pooled(), pooled({ maxLifetimeMs: 1_500 })];
    idle.put(kept);
    idle.put(mortal);
    vi.advanceTimersByTime(1_000);
    expect(closed).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(closed).toEqual([mortal]);
    mayShrink = true;
    // It counts as used when it was kept.
    vi.advanceTimersByTime(499);
    expect(closed).toEqual([mortal]);
    vi.advanceTimersByTime(1);
    expect(closed).toEqual([mortal, kept]);
  });

  test("wakes at the right time after its only connection was returned", () => {
    const { idle, closed } = idleList();
    const connection = pooled();
    idle.put(connection);
    vi.advanceTimersByTime(600);
    idle.take();
    idle.put(connection);
    vi.advanceTimersByTime(999);
    expect(closed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(closed).toEqual([connection]);
  });

  test("forgets only the connection that is removed", () => {
    const { idle } = idleList();
    const [first, second] = [pooled(), pooled()];
    idle.put(first);
    idle.put(second);
    idle.remove(pooled());
    expect(idle.size).toBe(2);
    idle.remove(first);
    expect([idle.take(), idle.take()]).toEqual([second, undefined]);
  });

  test("has no timer when all were taken, and has one again for the next", () => {
    const { idle, closed } = idleList();
    const [first, second] = [pooled(), pooled()];
    idle.put(first);
    vi.advanceTimersByTime(10);
    expect(idle.takeAll()).toEqual([first]);
    expect([idle.size, vi.getTimerCount()]).toEqual([0, 0]);
    idle.put(second);
    vi.advanceTimersByTime(1_000);
    expect(closed).toEqual([second]);
  });

  test("has no timer for connections that never expire, and none longer than a timer can be", () => {
    const { idle } = idleList({ idleTimeoutMillis: Number.POSITIVE_INFINITY });
    idle.put(pooled());
    expect(vi.getTimerCount()).toBe(0);
    const long = idleList({ idleTimeoutMillis: 2 * MAX_TIMER_MS });
    const timeout = vi.spyOn(globalThis, "setTimeout");
    long.idle.put(pooled());
    expect(timeout.mock.lastCall?.[1]).toBe(MAX_TIMER_MS);
    vi.advanceTimersByTime(MAX_TIMER_MS);
    expect(long.closed).toEqual([]);
    vi.advanceTimersByTime(MAX_TIMER_MS);
    expect(long.closed).toHaveLength(1);
  });

  test("does not wait if a connection has expired already", () => {
    const { idle } = idleList();
    const old = pooled({ maxLifetimeMs: 100 });
    vi.setSystemTime(Date.now() + 5_000);
    const timeout = vi.spyOn(globalThis, "setTimeout");
    idle.put(old);
    expect(timeout.mock.lastCall?.[1]).toBe(0);
  });
});

describe("a pool's connection", () => {
  test("lives for at most its maximum lifetime, and at least ten elevenths of it", () => {
    const nowMs = 1_000;
    const client = new DsqlClient(OPTIONS);
    const lifeMs = (random: number) => {
      vi.spyOn(Math, "random").mockReturnValue(random);
      const made = new PooledConnection(client, { generation: 0, maxLifetimeMs: 1_100, nowMs });
      return Math.round(made.expiresAtMs - nowMs);
    };
    expect([lifeMs(0), lifeMs(0.5), lifeMs(1)]).toEqual([1_100, 1_050, 1_000]);
  });

  test("is over after a drain, after maxUses, or at its time", () => {
    const connection = pooled({ maxLifetimeMs: 1_000 });
    expect(connection).toMatchObject({ borrowed: false, uses: 0, idleSinceMs: 0, onClosed: [] });
    expect(connection.isOver(1, 2)).toBe(false);
    expect(connection.isOver(2, 2)).toBe(true);
    connection.uses = 1;
    expect(connection.isOver(1, 2)).toBe(false);
    connection.uses = 2;
    expect(connection.isOver(1, 2)).toBe(true);
    expect(connection.isOver(1, 3)).toBe(false);
    vi.setSystemTime(Date.now() + 999);
    expect(connection.isOver(1, 3)).toBe(false);
    vi.setSystemTime(Date.now() + 1);
    expect(connection.isOver(1, 3)).toBe(true);
  });

  test("is clean if it is idle, open and ready", () => {
    const connection = pooled();
    const { session } = connection.client;
    const internals = internalsOf(connection.client);
    expect(connection.isClean).toBe(true);
    internals.readyForQuery = false;
    expect(connection.isClean).toBe(false);
    internals.readyForQuery = true;
    session.status = "E";
    expect(connection.isClean).toBe(false);
    session.status = "I";
    session.lostBy = new Error("lost");
    expect(connection.isClean).toBe(false);
  });

  test("is settling while an error response can still end", () => {
    const connection = pooled();
    const { session } = connection.client;
    expect(connection.isSettling).toBe(false);
    session.awaitingReady = true;
    expect(connection.isSettling).toBe(true);
    session.unanswered = true;
    expect(connection.isSettling).toBe(false);
    session.unanswered = false;
    session.lostBy = new Error("lost");
    expect(connection.isSettling).toBe(false);
  });

  describe("calls back", () => {
    /** Whether it has called back once the pending ticks have run. */
    async function settled(connection: PooledConnection) {
      const state = { calls: 0 };
      connection.whenSettled(() => {
        state.calls++;
      });
      expect(state.calls).toBe(0);
      await vi.advanceTimersByTimeAsync(0);
      return state;
    }

    /** A connection that has sent an error and not yet ReadyForQuery. */
    function settling(): PooledConnection {
      const connection = pooled();
      connection.client.connection.emit("errorMessage", serverError("23505", "no"));
      internalsOf(connection.client).readyForQuery = false;
      return connection;
    }

    test("at once if it is clean, lost or unanswered", async () => {
      expect(await settled(pooled())).toEqual({ calls: 1 });
      for (const state of [{ lostBy: new Error("lost") }, { unanswered: true }]) {
        const connection = settling();
        Object.assign(connection.client.session, state);
        expect(await settled(connection)).toEqual({ calls: 1 });
      }
    });

    test.each(["readyForQuery", "end"])("at %s, once, and leaves nothing behind", async (event) => {
      const connection = settling();
      const source = connection.client.connection;
      const before = ["readyForQuery", "end"].map((name) => source.listenerCount(name as never));
      const state = await settled(connection);
      expect(state.calls).toBe(0);
      source.emit(event as never, { status: "I" } as never);
      await vi.advanceTimersByTimeAsync(0);
      source.emit(event as never, { status: "I" } as never);
      await vi.advanceTimersByTimeAsync(0);
      expect([state.calls, vi.getTimerCount()]).toEqual([1, 0]);
      expect(["readyForQuery", "end"].map((name) => source.listenerCount(name as never))).toEqual(before);
    });

    test("after a second at the latest", async () => {
      const state = await settled(settling());
      await vi.advanceTimersByTimeAsync(999);
      expect(state.calls).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      expect(state.calls).toBe(1);
    });
  });
});

describe("the error of a caller that has waited too long", () => {
  const settings = resolvePool({ ...OPTIONS, max: 5, connectionTimeoutMillis: 200 }).pool;
  const state = { total: 4, idle: 1, waiting: 3 };
  const token = { tokensSigned: 1, tokensFailed: 0, slowestTokenMs: 12.4 };
  const opening = (...logins: (Partial<Login> | undefined)[]) =>
    logins.map((login) => ({ login }) as DsqlClient);

  test("says what the pool was doing", () => {
    const error = poolTimeout(state, settings, token, opening(undefined));
    expect(error.message).toBe(
      "No connection within 200 ms: 4 of 5 connections, 1 idle; 3 callers waiting; slowest token 12 ms.",
    );
    expect(error.pool).toEqual({ ...state, max: 5, slowestTokenMs: 12.4 });
    expect(error.cause).toBeUndefined();
  });

  test("says what the connections being opened are waiting for, and has the cluster's last error as its cause", () => {
    const refusal = serverError("53300", "too many");
    const logins = opening(
      { stage: "a token", refusal: undefined },
      undefined,
      { stage: "the server's response", refusal },
      { stage: "a token", refusal: undefined },
    );
    const error = poolTimeout(state, settings, token, logins);
    expect(error.message).toMatch(", 3 being opened (waiting for a token and the server's response); ");
    expect(error.cause).toBe(refusal);
  });
});
