import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { inspect } from "node:util";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  ConnectionLostError,
  DsqlClient,
  type DsqlConnectionOptions,
  DsqlPool,
  DsqlTokenError,
} from "../src/index.ts";

let local: LocalDsql;
const opened: { end(): Promise<void> }[] = [];

beforeAll(async () => {
  local = await startLocalDsql();
});
afterAll(async () => {
  await local.stop();
});
afterEach(async () => {
  local.faults.clear();
  for (const one of opened.splice(0)) await one.end();
});

async function connect(options: Partial<DsqlConnectionOptions> = {}): Promise<DsqlClient> {
  const client = new DsqlClient({ ...local.connection, ...options });
  opened.push(client);
  return await client.connect();
}

function pool(options: ConstructorParameters<typeof DsqlPool>[0] & object = {}): DsqlPool {
  const made = new DsqlPool({ ...local.connection, ...options });
  opened.push(made);
  return made;
}

describe("a login", () => {
  test.each(["direct", "postgres"] as const)(
    "takes TLS %s, and says who it is in the startup packet",
    async (sslnegotiation) => {
      const client = await connect({ sslnegotiation, ormPrefix: "kysely" });
      const { rows } = await client.query("SHOW application_name");
      expect(rows[0].application_name).toMatch(/^kysely:aurora-dsql-ts\//);
    },
  );

  test("takes the endpoint's own connection string", async () => {
    const { credentials } = local;
    const client = new DsqlClient({ connectionString: local.connectionString, credentials });
    opened.push(client);
    await client.connect();
    expect((await client.query("SELECT current_user AS me")).rows).toEqual([{ me: "admin" }]);
  });

  test("sends no parameter that DSQL refuses, even where the environment gives one", async () => {
    process.env.PGOPTIONS = "-c statement_timeout=5";
    try {
      await connect();
    } finally {
      delete process.env.PGOPTIONS;
    }
  });

  test.each<[string, () => Partial<DsqlConnectionOptions>]>([
    ["a wrong secret", () => ({ credentials: { ...local.credentials, secretAccessKey: "another" } })],
    ["an unknown key", () => ({ credentials: { ...local.credentials, accessKeyId: "AKIANOBODY" } })],
    ["a token for another Region", () => ({ host: "localhost", region: "eu-west-3" })],
  ])("with %s is refused by the server, in its own words", async (_what, options) => {
    const before = local.stats.tokensRefused;
    await expect(connect(options())).rejects.toMatchObject({ code: "08006", message: /access denied/ });
    expect(local.stats.tokensRefused).toBe(before + 1);
  });

  test("is never made over TLS that cannot be verified", async () => {
    const before = local.stats.tokensVerified;
    await expect(connect({ ca: undefined })).rejects.toMatchObject({ code: /CERT|SIGNATURE|SELF_SIGNED/ });
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      await expect(connect({ ca: undefined })).rejects.toMatchObject({ code: /CERT|SIGNATURE|SELF_SIGNED/ });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
    await expect(connect({ host: "db.example.com" })).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect(local.stats.tokensVerified).toBe(before);
  });

  test("without credentials fails before a socket is opened", async () => {
    const before = local.stats.connectionsAccepted;
    const credentials = () => Promise.reject(new Error("the metadata service is away"));
    await expect(connect({ credentials })).rejects.toThrow(DsqlTokenError);
    expect(local.stats.connectionsAccepted).toBe(before);
  });

  test("that is refused for a stale token is tried once more with a fresh one", async () => {
    let signed = 0;
    const credentials = async () => {
      signed++;
      return local.credentials;
    };
    local.faults.refuseTokens("expired");
    const client = await connect({ credentials });
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(signed).toBe(2);
    local.faults.refuseTokens("expired", 2);
    await expect(connect()).rejects.toMatchObject({ code: "08006", hint: /Signature expired/ });
    expect(local.faults.counts["refused-token"]).toBe(3);
  });

  test("that is refused for an invalid token is not tried again", async () => {
    local.faults.refuseTokens("invalid");
    await expect(connect()).rejects.toMatchObject({ code: "08006" });
    expect(local.faults.counts["refused-token"]).toBe(1);
  });

  test.each(["53300", "53400"] as const)("waits for a cluster that answers %s", async (sqlstate) => {
    local.faults.refuseConnections(sqlstate, 2);
    await connect();
    expect(local.faults.counts["refused-connection"]).toBe(2);
  });

  test("gives up in time on a cluster that takes no connections, and tells what it said", async () => {
    local.faults.refuseConnections("53400", 100);
    const failed = connect({ connectionTimeoutMillis: 300 });
    await expect(failed).rejects.toThrow(ConnectionLostError);
    await expect(failed).rejects.toMatchObject({
      message: /take connections again/,
      cause: { code: "53400" },
    });
  });

  test("gives up in time on a token that never comes, and opens no connection when it comes late", async () => {
    const before = local.stats.connectionsAccepted;
    let deliver: (() => void) | undefined;
    const credentials = () =>
      new Promise<typeof local.credentials>((resolve) => {
        deliver = () => resolve(local.credentials);
      });
    await expect(connect({ credentials, connectionTimeoutMillis: 50 })).rejects.toThrow(
      /waiting for a token/,
    );
    deliver?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(local.stats.connectionsAccepted).toBe(before);
  });

  test("gives up in time on a server that never answers", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    await expect(connect({ port, connectionTimeoutMillis: 50 })).rejects.toThrow(
      /waiting for the server's answer/,
    );
    silent.close();
  });

  test("that is cut off is a lost connection", async () => {
    const rude = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(rude, "listening");
    const { port } = rude.address() as { port: number };
    await expect(connect({ port })).rejects.toThrow(ConnectionLostError);
    rude.close();
  });

  test("cannot be made twice on one client, and the first stays", async () => {
    const client = await connect();
    await expect(client.connect()).rejects.toThrow("already been connected");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("calls back, and a callback that throws is not a rejection", async () => {
    const client = new DsqlClient(local.connection);
    opened.push(client);
    await new Promise<void>((resolve, reject) =>
      client.connect((error) => (error ? reject(error) : resolve())),
    );
  });
});

describe("what a pool and a client show", () => {
  test("is no token, no secret and no key, however deep one looks", async () => {
    const one = pool();
    const client = await one.connect();
    const single = await connect();
    const sources = [one, client, single, one.options, client.connection, { one, client, single }];
    const { accessKeyId, secretAccessKey } = local.credentials;
    for (const source of sources) {
      for (const customInspect of [true, false]) {
        const shown = inspect(source, {
          depth: 12,
          showHidden: true,
          customInspect,
          maxStringLength: null,
          maxArrayLength: null,
        });
        expect(shown).not.toContain(secretAccessKey);
        expect(shown).not.toContain("X-Amz-Signature");
        expect(shown).not.toContain(accessKeyId);
      }
    }
    for (const text of [JSON.stringify(one), JSON.stringify([client, single])]) {
      expect(text).toContain(local.host);
      expect(text).not.toMatch(/X-Amz|secret|password/i);
    }
    client.release();
  });

  test("is no secret in errors and log lines either", async () => {
    const lines: string[] = [];
    const log = (...line: unknown[]) => lines.push(inspect(line, { depth: 12, showHidden: true }));
    const logger = { debug: log, info: log, warn: log, error: log };
    const credentials = { ...local.credentials, secretAccessKey: "an0ther-s3cret" };
    const failing = pool({ credentials, logger });
    const error = await failing.query("SELECT 1").catch((thrown) => thrown);
    const working = pool({ logger, max: 1 });
    const client = await working.connect();
    await client.query("SELECT 1");
    client.release(true);
    expect(lines.length).toBeGreaterThan(0);
    for (const text of [...lines, inspect(error, { depth: 12, showHidden: true })]) {
      expect(text).not.toContain("s3cret");
      expect(text).not.toContain("X-Amz-Signature");
    }
  });
});

describe("the AWS SDK", () => {
  test("is not loaded before the first token is needed", async () => {
    const script = `
      import { DsqlPool } from "dsql-core";
      import { createRequire } from "node:module";
      const pool = new DsqlPool({ host: "abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws" });
      await pool.end();
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes("@aws-sdk"));
      console.log(JSON.stringify(loaded));`;
    const stdout = await new Promise<string>((resolve, reject) => {
      const cwd = new URL("..", import.meta.url);
      execFile(process.execPath, ["--input-type=module", "-e", script], { cwd }, (error, out) =>
        error ? reject(error) : resolve(out),
      );
    });
    expect(JSON.parse(stdout)).toEqual([]);
  });
});
