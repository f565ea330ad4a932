import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { DsqlClient, DsqlConfigError, DsqlPool, type DsqlPoolOptions, isOccError } from "../src/index.ts";

let cluster: LocalDsql;
beforeAll(async () => {
  cluster = await startLocalDsql();
  const pool = new DsqlPool(cluster.connection);
  await pool.query("CREATE SCHEMA app");
  await pool.query("CREATE TABLE app.item (id int PRIMARY KEY)");
  await pool.end();
});
afterAll(() => cluster?.stop());
afterEach(() => {
  vi.unstubAllEnvs();
  cluster.faults.clear();
});

async function withPool<T>(options: DsqlPoolOptions, work: (pool: DsqlPool) => Promise<T>): Promise<T> {
  const pool = new DsqlPool({ ...cluster.connection, ...options });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

describe("the option names of AWS's connectors", () => {
  test.each<[DsqlPoolOptions, string]>([
    [{ options: "-c search_path=app" }, "app"],
    [{ searchPath: "app, public" }, "app, public"],
    [{ searchPath: ["My Schema", "app"] }, '"My Schema", app'],
  ])("a pool with %j finds tables there without a schema before their names", async (options, shown) => {
    await withPool(options, async (pool) => {
      expect((await pool.query("SHOW search_path")).rows).toEqual([{ search_path: shown }]);
      expect((await pool.query("SELECT count(*)::int AS items FROM item")).rows).toEqual([{ items: 0 }]);
    });
  });

  test("a single client keeps its search path when it reconnects", async () => {
    const client = new DsqlClient({ ...cluster.connection, searchPath: "app" });
    await client.connect();
    cluster.faults.cutConnection("in-statement");
    let attempts = 0;
    const { rows } = await client.transactionWithRetry(async (transaction) => {
      attempts++;
      return await transaction.query("SELECT * FROM item");
    });
    expect([rows, attempts]).toEqual([[], 2]);
    await client.end();
  });

  test("PGOPTIONS from the environment does not become a startup parameter", async () => {
    vi.stubEnv("PGOPTIONS", "-c search_path=app");
    await withPool({}, async (pool) => {
      expect((await pool.query("SHOW search_path")).rows).toEqual([{ search_path: '"$user", public' }]);
    });
  });

  test("customCredentialsProvider, a port as a string and sslmode log in", async () => {
    const { credentials, ...connection } = cluster.connection;
    const pool = new DsqlPool({
      ...connection,
      customCredentialsProvider: async () => cluster.credentials,
      port: String(connection.port),
      sslmode: "verify-full",
    });
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await pool.end();
    expect(credentials).toBeDefined();
  });

  test("transaction() calls onRetry(error, attempt, maxAttempts), and counts the attempts after the first", async () => {
    await withPool({}, async (pool) => {
      cluster.faults.conflictCommits(100);
      const seen: [boolean, number, number][] = [];
      const spent = pool.transaction((client) => client.query("INSERT INTO app.item VALUES (1)"), {
        maxRetries: 2,
        baseDelayMs: 1,
        onRetry: (error, attempt, maxAttempts) => seen.push([isOccError(error), attempt, maxAttempts]),
      });
      await expect(spent).rejects.toSatisfy(isOccError);
      expect(seen).toEqual([
        [true, 1, 3],
        [true, 2, 3],
      ]);
    });
  });
});

describe("PostgreSQL's environment variables", () => {
  test("connect a pool without options to the local endpoint", async () => {
    const { host, hostaddr, port, user, database, ca } = cluster.connection as unknown as Record<
      string,
      unknown
    >;
    expect(host).toBeTypeOf("string");
    vi.stubEnv("PGHOST", String(host));
    vi.stubEnv("PGHOSTADDR", String(hostaddr));
    vi.stubEnv("PGPORT", String(port));
    vi.stubEnv("PGUSER", String(user ?? "admin"));
    vi.stubEnv("PGDATABASE", String(database ?? "postgres"));
    vi.stubEnv("PGSSLMODE", "disable");
    vi.stubEnv("AWS_ACCESS_KEY_ID", cluster.credentials.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", cluster.credentials.secretAccessKey);
    const pool = new DsqlPool(ca === undefined ? {} : { ca: ca as string });
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });
});

describe("onConnect", () => {
  test("is awaited before a new connection is used, once for each", async () => {
    const prepared: unknown[] = [];
    const onConnect: DsqlPoolOptions["onConnect"] = async (client) => {
      await client.query("SET search_path TO app");
      prepared.push(client);
    };
    await withPool({ onConnect, max: 2 }, async (pool) => {
      const [first, second] = await Promise.all([pool.connect(), pool.connect()]);
      for (const client of [first, second])
        expect((await client.query("SHOW search_path")).rows).toEqual([{ search_path: "app" }]);
      first.release();
      second.release();
      await pool.query("SELECT * FROM item");
      expect(prepared).toHaveLength(2);
    });
  });

  test("rejects its caller when it fails, and the pool tries again for the next one", async () => {
    let calls = 0;
    const failure = new Error("not this one");
    const onConnect = () => {
      calls++;
      if (calls === 1) throw failure;
    };
    await withPool({ onConnect, max: 1 }, async (pool) => {
      await expect(pool.query("SELECT 1")).rejects.toBe(failure);
      expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      expect([calls, pool.totalCount]).toEqual([2, 1]);
    });
  });

  test("that never finishes does not occupy a connection forever", async () => {
    await withPool({ onConnect: () => new Promise(() => {}), connectionTimeoutMillis: 300 }, async (pool) => {
      await expect(pool.query("SELECT 1")).rejects.toThrow();
      await vi.waitFor(() => expect(pool.totalCount).toBe(0), { timeout: 20_000 });
    });
  });

  test("must end every transaction that it begins", async () => {
    const onConnect: DsqlPoolOptions["onConnect"] = (client) => client.query("BEGIN");
    await withPool({ onConnect }, async (pool) => {
      await expect(pool.query("SELECT 1")).rejects.toBeInstanceOf(DsqlConfigError);
    });
  });
});
