import { once } from "node:events";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ConnectionSource } from "../src/client/connection-source.ts";
import { DsqlClient, type RetryEvent } from "../src/index.ts";
import { resolveConnection } from "../src/options/connection-settings.ts";
import { cut, failure, nothing, refusal, useScriptedServer } from "./scripted-server.ts";

const server = useScriptedServer();
const AT_ONCE = { backoff: () => 0 };

describe("the options of a client", () => {
  test("may be an object, a connection string, or a source that it shares with others", async () => {
    const { host } = server.connection;
    const source = new ConnectionSource(resolveConnection(server.connection));
    for (const config of [server.connection, `postgres://${host}/`, source])
      expect(new DsqlClient(config).host).toBe(host);
    expect((await new DsqlClient(source).connect()).host).toBe(host);
    server.session.cut();
    expect(() => new DsqlClient()).toThrow();
  });

  test("must be known ones", () => {
    expect(() => new DsqlClient({ ...server.connection, hots: "x" } as never)).toThrow(/hots/);
  });
});

describe("what inspecting a client prints", () => {
  test("identifies the client, and contains no secret", async () => {
    const client = await server.connect({ ormPrefix: "kysely" });
    const { host, port, region } = server.connection;
    const shown = { host, port, user: "admin", database: "postgres", region, transactionStatus: "I" };
    expect(client.toJSON()).toEqual({ ...shown, applicationName: expect.stringMatching(/^kysely:/) });
    expect(inspect(client)).toMatch(/^DsqlClient \{[\s\S]*transactionStatus: 'I'/);
    expect(inspect({ client }, { depth: 9 })).not.toMatch(/X-Amz|secret/);
  });
});

describe("a connection source", () => {
  test("uses the first name that an adapter sets, unless the user set one", () => {
    const named = (options: object, ...prefixes: string[]) => {
      const source = new ConnectionSource(resolveConnection({ ...server.connection, ...options }));
      for (const prefix of prefixes) source.useOrmPrefix(prefix);
      const config = source.clientConfig(async () => "token");
      expect(config.application_name).toBe(source.applicationName);
      return source.applicationName;
    };
    expect(named({})).toMatch(/^aurora-dsql-ts/);
    expect(named({}, "kysely")).toMatch(/^kysely:/);
    expect(named({}, "kysely", "drizzle")).toMatch(/^kysely:/);
    expect(named({ ormPrefix: "mine" }, "kysely")).toMatch(/^mine:/);
  });

  test("has the options that pg needs, and no others", () => {
    const config = (options: object) => {
      const source = new ConnectionSource(resolveConnection({ ...server.connection, ...options }));
      return source.clientConfig(async () => "token");
    };
    expect(config({ hostaddr: undefined })).not.toHaveProperty("stream");
    expect(config({})).toHaveProperty("stream");
    expect(config({})).not.toHaveProperty("options");
    expect(config({ options: "-c search_path=app" })).toMatchObject({
      options: expect.stringMatching(/search_path/),
    });
  });

  test("reports signed tokens, and failures to the logger as well", async () => {
    const lines: unknown[] = [];
    const heard: unknown[] = [];
    const options = {
      telemetry: {
        tokenSigned: (event: object) => void heard.push(event),
        tokenFailed: (event: object) => void heard.push(event),
      },
      logger: { warn: (message: string, details?: object) => void lines.push([message, details]) },
    };
    await server.connect(options as never);
    expect(heard).toEqual([{ elapsedMs: expect.any(Number), expiresAtMs: expect.any(Number) }]);
    expect(lines).toEqual([]);
    const credentials = () => Promise.reject(new Error("away"));
    await expect(server.connect({ ...options, credentials } as never)).rejects.toThrow("credentials");
    expect(heard[1]).toMatchObject({ elapsedMs: expect.any(Number), stillValid: false });
    expect(lines).toEqual([
      [
        "no token could be signed",
        {
          elapsedMs: expect.any(Number),
          stillValid: false,
          error: expect.stringMatching(/could not be fetched/),
        },
      ],
    ]);
  });
});

describe("a transaction of a client", () => {
  test("is committed, and the client stays usable", async () => {
    const client = await server.connect();
    const result = await client.transactionWithRetry(async (own) => {
      expect(own).not.toBe(client);
      return (await own.query("SELECT 1")).rowCount;
    });
    expect(result).toBe(1);
    await client.query("SELECT 2");
    expect(server.received).toEqual(["BEGIN", "SELECT 1", "COMMIT", "SELECT 2"]);
    expect(server.sessions).toHaveLength(1);
  });

  test("may be read-only, and may be called by drizzle-orm's name", async () => {
    const client = await server.connect();
    await client.transactionWithRetry(async () => {}, { readOnly: true });
    expect(await client.transaction(async () => "done")).toBe("done");
    expect(server.received).toEqual(["BEGIN READ ONLY", "COMMIT", "BEGIN", "COMMIT"]);
    server.next(/BEGIN/, failure("40001", "(OC000)"));
    await expect(client.transaction(async () => {}, { maxRetries: 0 })).rejects.toThrow();
    expect(server.received).toHaveLength(5);
  });

  test("is retried after a conflict, on the same connection, and reports it", async () => {
    const retries: RetryEvent[] = [];
    const telemetry = { retry: (event: RetryEvent) => void retries.push(event) };
    const client = await server.connect({ telemetry });
    server.next(/COMMIT/, (session) => {
      session.error("40001", "(OC000)");
      session.ready("I");
    });
    await client.transactionWithRetry((own) => own.query("INSERT"), AT_ONCE);
    expect(server.received).toEqual(["BEGIN", "INSERT", "COMMIT", "BEGIN", "INSERT", "COMMIT"]);
    expect([retries.length, server.sessions.length]).toEqual([1, 1]);
  });

  test("is retried on a new connection after the old one was lost", async () => {
    const client = await server.connect();
    server.next(/INSERT/, cut);
    await client.transactionWithRetry((own) => own.query("INSERT"), AT_ONCE);
    expect(server.sessions.map(({ received }) => received)).toEqual([
      ["BEGIN", "INSERT"],
      ["BEGIN", "INSERT", "COMMIT"],
    ]);
    await client.transactionWithRetry((own) => own.query("SELECT 2"));
    expect(server.sessions).toHaveLength(2);
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
  });

  test("opens a new connection in place of one that was lost while idle", async () => {
    const client = await server.connect();
    const ended = once(client.connection, "end");
    server.session.cut();
    await ended;
    const work = async (own: DsqlClient) => (await own.query("SELECT 1")).rowCount;
    expect(await client.transactionWithRetry(work, { maxAttempts: 1 })).toBe(1);
  });

  test("rejects what is still running on a connection before it opens another", async () => {
    const client = await server.connect();
    server.next(/SELECT/, nothing);
    let running: Promise<unknown> | undefined;
    await client.transactionWithRetry(async (own) => {
      if (running !== undefined) return;
      running = own.query("SELECT 1");
      running.catch(() => {});
      throw Object.assign(new Error("(OC000)"), { code: "40001" });
    }, AT_ONCE);
    await expect(running).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    expect(server.sessions).toHaveLength(2);
  });

  test("opens a new connection in place of one whose login was cut", async () => {
    server.nextLogin(cut);
    const client = server.client();
    await expect(client.connect()).rejects.toMatchObject({ code: "DSQL_CONNECTION_LOST" });
    await client.transactionWithRetry((own) => own.query("INSERT"), AT_ONCE);
    expect(server.sessions.map(({ received }) => received)).toEqual([[], ["BEGIN", "INSERT", "COMMIT"]]);
  });

  test("tries again to open a connection after one could not be opened", async () => {
    let away = false;
    const client = await server.connect({
      credentials: async () => {
        if (away) throw new Error("away");
        return { accessKeyId: "AKIA", secretAccessKey: "secret" };
      },
    });
    server.next(/INSERT/, cut);
    server.nextLogin(refusal("08006", "access denied", "Signature expired"));
    const onRetry = () => {
      away = true;
    };
    const failed = client.transactionWithRetry((own) => own.query("INSERT"), { ...AT_ONCE, onRetry });
    await expect(failed).rejects.toMatchObject({ code: "DSQL_TOKEN" });
    away = false;
    await expect.poll(() => client.transactionWithRetry(async () => "done").catch(() => {})).toBe("done");
    expect((await client.query("SELECT 1")).rowCount).toBe(1);
  });

  test("closes a connection on which a statement is still running, and the next transaction opens another", async () => {
    const client = await server.connect();
    server.next(/SELECT/, nothing);
    const mine = new Error("mine");
    const run = client.transactionWithRetry(async (own) => {
      own.query("SELECT 1").catch(() => {});
      throw mine;
    });
    await expect(run).rejects.toBe(mine);
    await expect(client.query("SELECT 2")).rejects.toMatchObject({
      code: "DSQL_CONNECTION_LOST",
      cause: { message: "a statement was still running at the end of its transaction" },
    });
    await expect.poll(() => server.sessions[0]?.isClosed).toBe(true);
    await client.transactionWithRetry((own) => own.query("SELECT 3"));
    expect(server.session.received).toEqual(["BEGIN", "SELECT 3", "COMMIT"]);
    expect(server.sessions).toHaveLength(2);
  });

  test("runs one at a time, also beside one that was begun by hand", async () => {
    const client = await server.connect();
    await client.transactionWithRetry(async (own) => {
      await expect(client.transactionWithRetry(async () => {})).rejects.toMatchObject({
        code: "DSQL_NESTED_TRANSACTION",
      });
      await expect(own.transactionWithRetry(async () => {})).rejects.toMatchObject({
        code: "DSQL_NESTED_TRANSACTION",
      });
      await expect(client.query("INSERT")).rejects.toMatchObject({ code: "DSQL_TRANSACTION_SCOPE" });
      await expect(own.query("COMMIT")).rejects.toMatchObject({ code: "DSQL_TRANSACTION_SCOPE" });
    });
    await client.query("BEGIN");
    await expect(client.transactionWithRetry(async () => {})).rejects.toMatchObject({
      code: "DSQL_NESTED_TRANSACTION",
    });
    await client.query("COMMIT");
    await client.transactionWithRetry(async () => {});
    expect(server.received).toEqual(["BEGIN", "COMMIT", "BEGIN", "COMMIT", "BEGIN", "COMMIT"]);
  });

  test("needs a client that is connected or connecting", async () => {
    const never = server.client();
    await expect(never.transactionWithRetry(async () => {})).rejects.toMatchObject({ code: "DSQL_CONFIG" });
    const client = server.client();
    const connecting = client.connect();
    expect(await client.transactionWithRetry(async () => "done")).toBe("done");
    await connecting;
    let deliver = () => {};
    const late = server.client({
      credentials: () =>
        new Promise((resolve) => {
          deliver = () => resolve({ accessKeyId: "AKIA", secretAccessKey: "secret" });
        }),
    });
    const waiting = late.connect();
    const run = late.transactionWithRetry(async () => "done");
    await new Promise((resolve) => setImmediate(resolve));
    deliver();
    expect(await run).toBe("done");
    await waiting;
    expect(server.sessions).toHaveLength(2);
  });

  test("does not begin work whose signal was aborted while it waited for its first or a new connection", async () => {
    const mine = new Error("no longer wanted");
    let runs = 0;
    const work = async (own: DsqlClient) => {
      runs++;
      await own.query("INSERT");
    };
    const client = server.client();
    const connecting = client.connect();
    const first = new AbortController();
    const early = client.transactionWithRetry(work, { signal: first.signal });
    setImmediate(() => first.abort(mine));
    await expect(early).rejects.toBe(mine);
    expect(runs).toBe(0);
    await connecting;
    server.next(/INSERT/, cut);
    const second = new AbortController();
    const onRetry = () => void setImmediate(() => second.abort(mine));
    const late = client.transactionWithRetry(work, { ...AT_ONCE, signal: second.signal, onRetry });
    await expect(late).rejects.toBe(mine);
    expect(runs).toBe(1);
    expect(server.sessions).toHaveLength(2);
    expect(server.received).not.toContain("COMMIT");
  });

  test("is refused by a closed client, even if it was closed while it reconnected", async () => {
    const client = await server.connect();
    await client.end();
    await expect(client.transactionWithRetry(async () => {})).rejects.toThrow("Client was closed");
    const never = server.client();
    await never.end();
    await expect(never.transactionWithRetry(async () => {})).rejects.toThrow("Client was closed");
    const other = await server.connect();
    server.next(/INSERT/, cut);
    const run = other.transactionWithRetry((own) => own.query("INSERT"), {
      ...AT_ONCE,
      onRetry: () => void other.end(),
    });
    await expect(run).rejects.toThrow("Client was closed");
    expect(server.sessions).toHaveLength(2);
  });

  test("does not open a connection if it is closed while the old one closes", async () => {
    const client = await server.connect();
    server.next(/SELECT/, nothing);
    const run = client.transactionWithRetry(
      async (own) => {
        own.query("SELECT 1").catch(() => {});
        throw Object.assign(new Error("(OC000)"), { code: "40001" });
      },
      { ...AT_ONCE, onRetry: () => process.nextTick(() => void client.end()) },
    );
    await expect(run).rejects.toThrow();
    expect(server.sessions).toHaveLength(1);
  });
});
