import { execFile } from "node:child_process";
import { describe, expect, test } from "vitest";
import { PoolEndedError } from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase();

describe("the life of a connection", () => {
  test("ends at its maximum lifetime, and another replaces it", async () => {
    const db = database.pool({ maxLifetimeSeconds: 1, max: 1 });
    await db.query("SELECT 1");
    await new Promise((resolve) => setTimeout(resolve, 1010));
    await db.query("SELECT 1");
    expect(db.stats).toMatchObject({ connectionsOpened: 2, total: 1 });
  });

  test("ends after the idle timeout, except for `min` connections", async () => {
    const db = database.pool({ idleTimeoutMillis: 1_000, min: 1, max: 3 });
    const removed = new Promise((resolve) => db.on("remove", resolve));
    await db.warmUp(3);
    expect(db.stats).toMatchObject({ total: 3, idle: 3, connectionsOpened: 3, tokensSigned: 1 });
    await removed;
    await expect.poll(() => db.totalCount, { timeout: 10_000 }).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(db.stats).toMatchObject({ total: 1, idle: 1, connectionsOpened: 3 });
  });

  test("that is one of `min` is followed by another after a warm-up", async () => {
    const db = database.pool({ min: 2 });
    await db.warmUp();
    expect(db.stats).toMatchObject({ total: 2, idle: 2 });
    (await db.connect()).release(true);
    await expect.poll(() => db.stats).toMatchObject({ idle: 2, connectionsOpened: 3 });
  });

  test("that is lost with its endpoint, like all of `min`, is followed by another once the endpoint is back", async () => {
    const db = database.pool({ min: 3 });
    await db.warmUp();
    await database.local.endpoints[0]?.takeAway();
    await expect.poll(() => db.stats).toMatchObject({ total: 0, connectionsClosed: 3 });
    await database.local.endpoints[0]?.bringBack();
    await db.query("SELECT 1");
    await expect.poll(() => db.stats).toMatchObject({ idle: 3, total: 3 });
  });

  test("that cannot begin in a warm-up does not keep callers waiting", async () => {
    let refused = false;
    const credentials = async () => {
      if (refused) return database.local.credentials;
      await new Promise((resolve) => setImmediate(resolve));
      refused = true;
      throw new Error("away once");
    };
    const db = database.pool({ credentials });
    const warm = db.warmUp(2);
    const query = db.query("SELECT 1 AS one");
    await expect(warm).rejects.toMatchObject({ code: "DSQL_TOKEN" });
    expect((await query).rows).toEqual([{ one: 1 }]);
  });

  test("ends after maxUses", async () => {
    const db = database.pool({ max: 1, maxUses: 2 });
    for (let i = 0; i < 4; i++) await db.query("SELECT 1");
    await expect.poll(() => db.stats).toMatchObject({ connectionsOpened: 2, connectionsClosed: 2 });
  });

  test("ends with a drain, after which the pool continues", async () => {
    const db = database.pool();
    const borrowed = await db.connect();
    await db.warmUp(3);
    const drained = db.drain();
    await borrowed.query("SELECT 1");
    borrowed.release();
    await drained;
    expect(db.stats).toMatchObject({ total: 0, connectionsOpened: 3, connectionsClosed: 3 });
    await db.query("SELECT 1");
    expect(db.stats.connectionsOpened).toBe(4);
  });

  test("has a random end, within the last eleventh of the maximum", async () => {
    const { PooledConnection } = await import("../src/pool/pooled-connection.ts");
    const client = await database.pool().connect();
    const lives = Array.from({ length: 200 }, () => {
      const made = new PooledConnection(client, { generation: 0, maxLifetimeMs: 3_300_000, nowMs: 0 });
      return made.expiresAtMs / 60_000;
    });
    client.release();
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...lives)).toBeLessThanOrEqual(55);
    expect(new Set(lives).size).toBeGreaterThan(100);
  });
});

describe("the end of a pool", () => {
  test("waits for connections in use, rejects waiting callers, and may be called again", async () => {
    const db = database.pool({ max: 1 });
    const client = await db.connect();
    const waiting = db.query("SELECT 1");
    const ended = db.end();
    await expect(waiting).rejects.toThrow(PoolEndedError);
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    client.release();
    await ended;
    await db.end();
    expect(db).toMatchObject({ ending: true, ended: true, totalCount: 0 });
  });

  test("stops all fetching of credentials", async () => {
    let asked = 0;
    const db = database.pool({
      credentials: async () => {
        asked++;
        return database.local.credentials;
      },
    });
    await db.end();
    await expect(db.query("SELECT 1")).rejects.toMatchObject({ code: "DSQL_POOL_ENDED" });
    await expect(db.connect()).rejects.toThrow("after calling end");
    await expect(db.warmUp(2)).rejects.toThrow(PoolEndedError);
    await expect(db.transactionWithRetry(async () => {})).rejects.toThrow(PoolEndedError);
    expect(asked).toBe(0);
  });

  test("does not wait for a token", async () => {
    const db = database.pool({ credentials: () => new Promise(() => {}) });
    const waiting = db.query("SELECT 1");
    const ended = db.end();
    await expect(waiting).rejects.toThrow(PoolEndedError);
    await ended;
  });
});

describe("a process", () => {
  /**
   * Runs a script with `pool` defined and returns its output; fails unless it exits with 0 before the pool's idle time-out.
   */
  const run = (options: string, script: string) => {
    const source = `
      import { DsqlPool } from "dsql-core";
      const pool = new DsqlPool({ ...JSON.parse(process.env.CONNECTION), ...${options} });
      ${script}`;
    const env = { ...process.env, CONNECTION: JSON.stringify(database.local.connection) };
    return new Promise<string>((resolve, reject) => {
      const cwd = new URL("..", import.meta.url);
      const args = ["--input-type=module", "-e", source];
      execFile(process.execPath, args, { cwd, env, timeout: 50_000 }, (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
    });
  };
  const work = `
    await pool.query("SELECT 1");
    await Promise.all([pool.query("SELECT 2"), pool.query("SELECT 3")]);`;

  test("that does not end its pool exits when its work is done", async () => {
    expect(await run("{}", `${work} console.log("done");`)).toBe("done\n");
  });

  test("stays alive until a query, a transaction and the end of its pool are done", async () => {
    const script = `${work}
      await pool.query("SELECT pg_sleep(0.3)");
      await pool.transactionWithRetry((client) => client.query("SELECT pg_sleep(0.3)"));
      await pool.end();
      console.log("ended");`;
    expect(await run("{}", script)).toBe("ended\n");
  });

  test("stays alive until its idle connections are closed if allowExitOnIdle is false", async () => {
    const options = "{ allowExitOnIdle: false, idleTimeoutMillis: 300 }";
    const script = `${work} pool.on("remove", () => console.log("removed"));`;
    expect(await run(options, script)).toMatch(/^removed\n/);
  });
});
