import { once } from "node:events";
import { createServer } from "node:net";
import { inspect } from "node:util";
import { defaults } from "pg";
import { afterEach, describe, expect, test, vi } from "vitest";
import { HostaddrSocket } from "../src/client/hostaddr-socket.ts";
import { internalsOf } from "../src/client/pg-internals.ts";
import { DsqlClient } from "../src/index.ts";
import { cut, nothing, refusal, useScriptedServer } from "./scripted-server.ts";

const server = useScriptedServer();
const EXPIRED = refusal("08006", "access denied", "Signature expired: 1 is now earlier than 2");
const FULL = refusal("53300", "too many connections");

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe("the startup packet", () => {
  test("contains nothing that DSQL refuses, whatever pg's defaults and the environment are", async () => {
    vi.stubEnv("PGOPTIONS", "-c statement_timeout=5");
    vi.stubEnv("PGREPLICATION", "database");
    const own = defaults as unknown as Record<string, unknown>;
    const before = { ...own };
    Object.assign(own, {
      statement_timeout: 5,
      lock_timeout: 5,
      idle_in_transaction_session_timeout: 5,
      replication: "database",
    });
    try {
      await server.connect({ ormPrefix: "kysely" });
    } finally {
      for (const name of Object.keys(own)) own[name] = before[name];
    }
    expect(server.session.parameters).toEqual({
      user: "admin",
      database: "postgres",
      application_name: expect.stringMatching(/^kysely:aurora-dsql-ts\//),
      client_encoding: "UTF8",
    });
  });

  test("contains the session parameters", async () => {
    const client = await server.connect({ options: "-c search_path=app" });
    expect(server.session.parameters.options).toMatch(/search_path=app/);
    await client.end();
  });
});

describe("a token", () => {
  test("is the password, and is never kept where it could be printed, even during the login", async () => {
    let shown = "";
    server.nextLogin((session) => {
      shown = inspect([internalsOf(client).password, internalsOf(client).connectionParameters], { depth: 9 });
      session.letIn();
    });
    const client = server.client();
    await client.connect();
    expect(server.session.passwords).toEqual([expect.stringMatching(/X-Amz-Signature/)]);
    expect(shown).not.toMatch(/X-Amz-Signature/);
    expect(inspect(client, { depth: 9, showHidden: true })).not.toMatch(/X-Amz-Signature/);
  });

  test("that the server reports as expired is replaced once, on a new connection", async () => {
    let signed = 0;
    const telemetry = {
      tokenSigned: () => {
        signed++;
      },
    };
    server.nextLogin(EXPIRED);
    const client = await server.connect({ telemetry });
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
    expect([signed, server.sessions.length]).toEqual([2, 2]);
    server.nextLogin(EXPIRED, EXPIRED);
    await expect(server.connect({ telemetry })).rejects.toMatchObject({ code: "08006" });
    expect([signed, server.sessions.length]).toEqual([4, 4]);
  });

  test("is used again after a temporary refusal", async () => {
    let signed = 0;
    const telemetry = {
      tokenSigned: () => {
        signed++;
      },
    };
    server.nextLogin(FULL);
    const client = await server.connect({ telemetry });
    expect([signed, server.sessions.length]).toEqual([1, 2]);
    expect(client.session.status).toBe("I");
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
  });
});

describe("a statement that is queued before the login", () => {
  test("is sent on the connection whose login succeeds", async () => {
    server.nextLogin(EXPIRED, FULL);
    const client = server.client();
    const queued = client.query("SELECT 1");
    await client.connect();
    expect((await queued).rowCount).toBe(1);
    expect(server.session.received).toEqual(["SELECT 1"]);
    server.next(/INSERT/, cut);
    await expect(client.query("INSERT")).rejects.toMatchObject({ code: "DSQL_COMMIT_OUTCOME_UNKNOWN" });
  });

  test("is sent after the login, even if it was queued between two login attempts", async () => {
    server.nextLogin(FULL);
    const client = server.client();
    const connecting = client.connect();
    await expect
      .poll(() => client.login?.stage, { interval: 5 })
      .toBe("the cluster to accept connections again");
    const queued = client.query("SELECT 1");
    await connecting;
    expect((await queued).rowCount).toBe(1);
  });

  test("fails with the login's error, and later ones with a lost connection", async () => {
    const away = new Error("the metadata service is away");
    const client = server.client({ credentials: () => Promise.reject(away) });
    const queued = client.query("SELECT 1");
    const failure = await client.connect().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "DSQL_TOKEN", cause: away });
    await expect(queued).rejects.toBe(failure);
    await expect(client.query("SELECT 2")).rejects.toMatchObject({
      code: "DSQL_CONNECTION_LOST",
      cause: failure,
    });
    expect(server.sessions).toEqual([]);
  });
});

describe("connect", () => {
  test("that was cut leaves a client whose statements fail, even those sent at once", async () => {
    server.nextLogin(cut);
    const client = server.client();
    const sent = client.connect().catch(() => client.query("INSERT"));
    await expect(sent).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
  });

  test("resolves to the client, or passes it to the callback", async () => {
    const client = server.client();
    expect(await client.connect()).toBe(client);
    const other = server.client();
    const called: unknown[] = [];
    await new Promise<void>((resolve) => {
      const returned = other.connect((error, given) => {
        called.push(error, given);
        resolve();
      });
      expect(returned).toBeUndefined();
    });
    expect(called).toEqual([null, other]);
    server.nextLogin(refusal("28000"));
    const failed = await new Promise((resolve) => server.client().connect(resolve as never));
    expect(failed).toMatchObject({ code: "28000" });
  });

  test("is possible only once, even while the first login runs or waits for a token", async () => {
    const client = server.client();
    const first = client.connect();
    await expect(client.connect()).rejects.toThrow("already been connected");
    expect(client.login).toBeDefined();
    await first;
    expect(client.login).toBeUndefined();
    await expect(client.connect()).rejects.toThrow("already been connected");
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
    server.nextLogin(nothing);
    const silent = server.client();
    const waiting = silent.connect();
    waiting.catch(() => {});
    await expect.poll(() => server.sessions[1]?.passwords.length).toBe(1);
    await expect(silent.connect()).rejects.toThrow("already been connected");
    await silent.end();
  });

  test("times out if the server never responds, and closes the socket", async () => {
    server.nextLogin(nothing);
    await expect(server.connect({ connectionTimeoutMillis: 200 })).rejects.toMatchObject({
      code: "DSQL_CONNECTION_LOST",
    });
    await expect.poll(() => server.session.isClosed).toBe(true);
  });

  test("fails with a ConnectionLostError if the connection is cut", async () => {
    server.nextLogin(cut);
    await expect(server.connect()).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
  });

  test("connects to the address in hostaddr, under the host's name", async () => {
    const { connection } = server;
    const client = await server.connect();
    expect(client.host).toBe(connection.host);
    const socket = new HostaddrSocket("127.0.0.1");
    expect(() => socket.connect("/a/path")).toThrow(TypeError);
    expect(() => socket.connect(connection.port as number)).toThrow("a port and a host");
    expect(() => socket.connect("5432", "localhost")).toThrow(TypeError);
    expect(socket.connect(connection.port as number, "no.such.host")).toBe(socket);
    await once(socket, "connect");
    socket.destroy();
  });

  test("connects to the host's own address without hostaddr", async () => {
    const client = await server.connect({ host: "localhost", hostaddr: undefined });
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
  });
});

test("an undetermined outcome is reported to the telemetry", async () => {
  const reported: Error[] = [];
  const client = await server.connect({ telemetry: { commitUnknown: ({ error }) => reported.push(error) } });
  server.next(/INSERT/, cut);
  const error = await client.query("INSERT").catch((reason: unknown) => reason);
  expect(reported).toEqual([error]);
});

test("losing an idle connection does not end the process, and the session records it", async () => {
  const client = await server.connect();
  const ended = once(client.connection, "end");
  server.session.cut();
  await ended;
  await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
});

test("bytes that are not a protocol message end the connection, also on the connection after a refused login", async () => {
  server.nextLogin(FULL);
  const client = await server.connect();
  server.next(/SELECT/, (session) => session.send("T", "no column"));
  await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
});

describe("end", () => {
  test("sends Terminate, waits for the connection to close, and leaves no timer behind", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const client = await server.connect();
    expect(await client.end()).toBeUndefined();
    expect(server.session.isTerminated).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("calls its callback", async () => {
    const client = await server.connect();
    await new Promise<void>((resolve) => {
      expect(client.end(() => resolve())).toBeUndefined();
    });
    expect(server.session.isTerminated).toBe(true);
  });

  test("cuts a connection that the server does not close", async () => {
    server.stayOpen();
    const client = await server.connect();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { stream } = client.connection;
    let isOver = false;
    const ended = client.end().then(() => {
      isOver = true;
    });
    vi.advanceTimersByTime(999);
    await new Promise((resolve) => setImmediate(resolve));
    expect([isOver, stream.destroyed]).toEqual([false, false]);
    vi.advanceTimersByTime(1);
    expect(stream.destroyed).toBe(true);
    await ended;
  });

  test("ends a login in progress", async () => {
    server.nextLogin(nothing);
    const client = server.client();
    const connecting = client.connect();
    await expect.poll(() => server.sessions.length).toBe(1);
    const failed = expect(connecting).rejects.toThrow("closed while it was connecting");
    await client.end();
    await failed;
  });

  test("is possible without a connection", async () => {
    const client = new DsqlClient(server.connection);
    await client.end();
    await expect(client.query("SELECT 1")).rejects.toThrow("Client was closed");
  });
});

test("a server without TLS is refused", async () => {
  const plain = createServer((socket) => {
    socket.on("error", () => {});
    socket.end("N");
  }).listen(0, "127.0.0.1");
  await once(plain, "listening");
  const { port } = plain.address() as { port: number };
  await expect(server.connect({ port, sslnegotiation: "postgres" })).rejects.toThrow();
  plain.close();
});
