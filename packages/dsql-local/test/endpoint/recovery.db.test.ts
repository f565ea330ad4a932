import { chmod, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { type AddressInfo, createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as dialTls } from "node:tls";
import type { Client } from "pg";
import { describe, expect, it, vi } from "vitest";
import { startLocalDsql } from "../../src/index.ts";
import { serverOn } from "../../src/postgres/processes.ts";
import { clientFor, connect, type Endpoint } from "../support/client.ts";

/** The PostgreSQL servers of the endpoints that this process has started. */
async function postmasters(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith("dsql-local-")) continue;
    const text = await readFile(join(tmpdir(), name, "owner.json"), "utf8").catch(() => "{}");
    const { pid, dataDirectory } = JSON.parse(text) as { pid?: number; dataDirectory?: string };
    if (pid !== process.pid || dataDirectory === undefined) continue;
    const server = await serverOn(dataDirectory);
    if (server !== undefined) found.push(server);
  }
  return found;
}

/** Kills the only PostgreSQL that this process has, apart from those that were there before. */
async function killPostgres(others: readonly number[]): Promise<void> {
  const [own, ...more] = (await postmasters()).filter((pid) => !others.includes(pid));
  expect(more).toEqual([]);
  process.kill(own as number, "SIGKILL");
}

async function connectPatiently(endpoint: Endpoint): Promise<Client> {
  for (let attempt = 1; ; attempt++) {
    const client = clientFor(endpoint);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (attempt === 200) throw error;
      await sleep(50);
    }
  }
}

describe("an endpoint whose PostgreSQL is killed", () => {
  it("starts it again with the data that were committed, says so, and goes on with jobs", async () => {
    const others = await postmasters();
    const log: string[] = [];
    await using local = await startLocalDsql({ log: (line) => log.push(line) });
    const before = await connect(local);
    await before.query("CREATE TABLE kept (id int PRIMARY KEY)");
    await before.query("INSERT INTO kept VALUES (1)");
    await killPostgres(others);
    const after = await connectPatiently(local);
    expect((await after.query("SELECT * FROM kept")).rows).toEqual([{ id: 1 }]);
    expect(log.join("\n")).toMatch(/PostgreSQL \(process \d+\) ended unexpectedly.*; restarting it/);
    const { rows } = await after.query("CREATE INDEX ASYNC ON kept (id)");
    expect((await after.query(`CALL sys.wait_for_job('${rows[0]?.job_id}')`)).rows).toEqual([
      { succeeded: true },
    ]);
    await after.end();
  }, 60_000);

  it("stops after a few restarts, with one clear error for the caller that started it", async () => {
    const others = await postmasters();
    const onFailure = vi.fn();
    await using local = await startLocalDsql({ onFailure });
    for (let kill = 1; kill <= 4; kill++) {
      await killPostgres(others);
      if (kill < 4) await (await connectPatiently(local)).end();
    }
    await vi.waitFor(() => expect(onFailure).toHaveBeenCalledTimes(1), 20_000);
    expect(onFailure.mock.calls[0]?.[0]).toMatchObject({
      name: "PostgresFailedError",
      message: expect.stringMatching(/ended 4 times within a minute/),
    });
    await expect(connect(local)).rejects.toMatchObject({ code: "XX000" });
  }, 60_000);

  it("stops with PostgreSQL's own message if that cannot start, and keeps the data for the next start", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "broken-"));
    try {
      // As root, PostgreSQL runs as another user, who must be able to enter.
      await chmod(dataDir, 0o755);
      const others = await postmasters();
      const onFailure = vi.fn();
      const log = join(dataDir, "data", "pg_wal");
      {
        await using local = await startLocalDsql({ dataDir, onFailure });
        const client = await connect(local);
        await client.query("CREATE TABLE kept (id int PRIMARY KEY)");
        await client.query("INSERT INTO kept VALUES (1)");
        await rename(log, `${log}.away`);
        await killPostgres(others);
        await vi.waitFor(() => expect(onFailure).toHaveBeenCalledTimes(1), 60_000);
        expect(onFailure.mock.calls[0]?.[0]).toMatchObject({
          name: "PostgresFailedError",
          message: expect.stringMatching(/cannot be restarted: .*FATAL: .*"pg_wal"/s),
        });
        await expect(connect(local)).rejects.toMatchObject({ code: "XX000" });
      }
      await rename(`${log}.away`, log);
      await using local = await startLocalDsql({ dataDir });
      const client = await connect(local);
      expect((await client.query("SELECT * FROM kept")).rows).toEqual([{ id: 1 }]);
      await client.end();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 120_000);

  it("goes on with jobs after a single backend was killed", async () => {
    await using local = await startLocalDsql();
    const client = await connect(local);
    await client.query("CREATE TABLE item (id int PRIMARY KEY, n int)");
    const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
    process.kill(rows[0]?.pid as number, "SIGKILL");
    const after = await connectPatiently(local);
    const made = await after.query("CREATE INDEX ASYNC ON item (n)");
    expect((await after.query(`CALL sys.wait_for_job('${made.rows[0]?.job_id}')`)).rows).toEqual([
      { succeeded: true },
    ]);
    await after.end();
  }, 60_000);
});

describe("a job that is running when PostgreSQL ends every session", () => {
  it("is carried out once PostgreSQL is back", async () => {
    // Longer than PostgreSQL takes to come back, so that the job hears of it last.
    await using local = await startLocalDsql({ indexBuildMs: 1500 });
    const client = await connect(local);
    await client.query("CREATE TABLE item (id int PRIMARY KEY, n int)");
    const made = await client.query("CREATE INDEX ASYNC ON item (n)");
    const jobId = made.rows[0]?.job_id as string;
    await vi.waitFor(async () => {
      const { rows } = await client.query("SELECT status FROM sys.jobs WHERE job_id = $1", [jobId]);
      expect(rows[0]?.status).toBe("processing");
    }, 20_000);
    const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
    process.kill(rows[0]?.pid as number, "SIGKILL");
    const after = await connectPatiently(local);
    expect((await after.query(`CALL sys.wait_for_job('${jobId}')`)).rows).toEqual([{ succeeded: true }]);
    await after.end();
  }, 60_000);
});

describe("a connection that never gets through its login", () => {
  it("is closed after loginTimeoutMs also in the middle of its TLS handshake", async () => {
    await using local = await startLocalDsql({ limits: { loginTimeoutMs: 300 } });
    const hello = Buffer.from([0x16, 3, 1, 2, 0, 1, 0]);
    const request = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
    for (const sent of [[request], [request, hello], [hello], [request.subarray(0, 3)], []]) {
      const socket = dial(local.port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.resume();
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      for (const bytes of sent) {
        socket.write(bytes);
        await sleep(30);
      }
      await closed;
    }
    await vi.waitFor(() => expect(local.stats.connectionsAccepted).toBe(5));
  }, 20_000);

  it("is closed where the client stops reading after its first TLS message", async () => {
    await using local = await startLocalDsql({ limits: { loginTimeoutMs: 300 } });
    // Stands between the two, and passes nothing on that the endpoint sends.
    const wall = createServer((client) => {
      const socket = dial(local.port, "127.0.0.1");
      client.on("error", () => undefined);
      socket.on("error", () => undefined);
      client.on("data", (bytes) => socket.write(bytes));
      socket.resume();
      socket.once("close", () => client.destroy());
    });
    await new Promise<void>((resolve) => wall.listen(0, "127.0.0.1", resolve));
    const { port } = wall.address() as AddressInfo;
    const client = dialTls({
      port,
      host: "127.0.0.1",
      servername: local.host,
      ALPNProtocols: ["postgresql"],
    });
    client.on("error", () => undefined);
    await new Promise<void>((resolve) => client.once("close", () => resolve()));
    await new Promise((resolve) => wall.close(resolve));
  }, 20_000);

  it("reaches the endpoint by IPv6's loopback address as well", async () => {
    await using local = await startLocalDsql();
    const client = clientFor(local, { host: "::1" });
    await client.connect();
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});
