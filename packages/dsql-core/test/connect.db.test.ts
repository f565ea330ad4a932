import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { ConnectionLostError, DsqlClient, type DsqlConnectionOptions, DsqlTokenError } from "../src/index.ts";
import { useLocalDatabase } from "./local-database.ts";

const database = useLocalDatabase();

describe("a login", () => {
  test.each(["direct", "postgres"] as const)(
    "uses TLS %s, and identifies itself in the startup packet",
    async (sslnegotiation) => {
      const client = await database.connect({ sslnegotiation, ormPrefix: "kysely" });
      const { rows } = await client.query("SHOW application_name");
      expect(rows[0].application_name).toMatch(/^kysely:aurora-dsql-ts\//);
    },
  );

  test("works with the endpoint's own connection string", async () => {
    const { credentials } = database.local;
    const { connectionString } = database.local;
    const client = await database.connect({ host: undefined, connectionString, credentials });
    expect((await client.query("SELECT current_user AS me")).rows).toEqual([{ me: "admin" }]);
  });

  test("sends no parameter that DSQL refuses, even if the environment sets one", async () => {
    process.env.PGOPTIONS = "-c statement_timeout=5";
    try {
      await database.connect();
    } finally {
      delete process.env.PGOPTIONS;
    }
  });

  test.each<[string, () => Partial<DsqlConnectionOptions>]>([
    [
      "a wrong secret",
      () => ({ credentials: { ...database.local.credentials, secretAccessKey: "another" } }),
    ],
    ["an unknown key", () => ({ credentials: { ...database.local.credentials, accessKeyId: "AKIANOBODY" } })],
    ["a token for another Region", () => ({ host: "localhost", region: "eu-west-3" })],
  ])("with %s is refused with the server's own message", async (_what, options) => {
    const before = database.local.stats.tokensRefused;
    await expect(database.connect(options())).rejects.toMatchObject({
      code: "08006",
      message: expect.stringMatching(/access denied/),
    });
    expect(database.local.stats.tokensRefused).toBe(before + 1);
  });

  test("is never made over TLS that cannot be verified", async () => {
    const before = database.local.stats.tokensVerified;
    await expect(database.connect({ ca: undefined })).rejects.toMatchObject({
      code: expect.stringMatching(/CERT|SIGNATURE|SELF_SIGNED/),
    });
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      await expect(database.connect({ ca: undefined })).rejects.toMatchObject({
        code: expect.stringMatching(/CERT|SIGNATURE|SELF_SIGNED/),
      });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
    await expect(database.connect({ host: "db.example.com" })).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect(database.local.stats.tokensVerified).toBe(before);
  });

  test("without credentials fails before a socket is opened", async () => {
    const before = database.local.stats.connectionsAccepted;
    const credentials = () => Promise.reject(new Error("the metadata service is away"));
    await expect(database.connect({ credentials })).rejects.toThrow(DsqlTokenError);
    expect(database.local.stats.connectionsAccepted).toBe(before);
  });

  test("that is refused for an expired token is retried once, with a new one", async () => {
    let signed = 0;
    const credentials = async () => {
      signed++;
      return database.local.credentials;
    };
    database.local.faults.refuseTokens("expired");
    const client = await database.connect({ credentials });
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect(signed).toBe(2);
    database.local.faults.refuseTokens("expired", 2);
    await expect(database.connect()).rejects.toMatchObject({
      code: "08006",
      hint: expect.stringMatching(/Signature expired/),
    });
    expect(database.local.faults.counts["refused-token"]).toBe(3);
  });

  test("that is refused for an invalid token is not retried", async () => {
    database.local.faults.refuseTokens("invalid");
    await expect(database.connect()).rejects.toMatchObject({ code: "08006" });
    expect(database.local.faults.counts["refused-token"]).toBe(1);
  });

  test.each(["53300", "53400"] as const)("waits for a cluster that responds with %s", async (sqlstate) => {
    database.local.faults.refuseConnections(sqlstate, 2);
    await database.connect();
    expect(database.local.faults.counts["refused-connection"]).toBe(2);
  });

  test("times out if the cluster accepts no connections, with the cluster's error as cause", async () => {
    database.local.faults.refuseConnections("53400", 100);
    const failed = database.connect({ connectionTimeoutMillis: 2_000 });
    await expect(failed).rejects.toThrow(ConnectionLostError);
    await expect(failed).rejects.toMatchObject({
      message: expect.stringMatching(/accept connections again|server's response/),
      cause: { code: "53400" },
    });
  });

  test("times out without a token, and opens no connection if one arrives late", async () => {
    const before = database.local.stats.connectionsAccepted;
    let deliver: (() => void) | undefined;
    const credentials = () =>
      new Promise<typeof database.local.credentials>((resolve) => {
        deliver = () => resolve(database.local.credentials);
      });
    await expect(database.connect({ credentials, connectionTimeoutMillis: 50 })).rejects.toThrow(
      /waiting for a token/,
    );
    deliver?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(database.local.stats.connectionsAccepted).toBe(before);
  });

  test("times out if the server never responds", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    await expect(database.connect({ port, connectionTimeoutMillis: 1000 })).rejects.toThrow(
      /waiting for the server's response/,
    );
    silent.close();
  });

  test("that is cut off is a lost connection", async () => {
    const rude = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(rude, "listening");
    const { port } = rude.address() as { port: number };
    await expect(database.connect({ port })).rejects.toThrow(ConnectionLostError);
    rude.close();
  });

  test("that fails also fails the statements that wait for it", async () => {
    const away = new Error("the metadata service is away");
    const client = new DsqlClient({ ...database.local.connection, credentials: () => Promise.reject(away) });
    const waiting = client.query("SELECT 1");
    await expect(client.connect()).rejects.toMatchObject({ code: "DSQL_TOKEN" });
    await expect(waiting).rejects.toMatchObject({ code: "DSQL_TOKEN" });
    await client.end();
  });

  test("cannot happen twice on one client, and the first stays valid", async () => {
    const client = await database.connect();
    await expect(client.connect()).rejects.toThrow("already been connected");
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });
});

describe("the AWS SDK", () => {
  /** Whether the SDK is loaded before and after the first token is needed. */
  async function loaded(options: object, env: NodeJS.ProcessEnv): Promise<boolean[]> {
    const cluster = {
      host: "abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws",
      hostaddr: "127.0.0.1",
      port: 1,
    };
    const script = `
      import { DsqlPool } from "dsql-core";
      import { createRequire } from "node:module";
      const pool = new DsqlPool(${JSON.stringify({ ...cluster, ...options })});
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("@aws-sdk"));
      const before = loaded();
      await pool.query("SELECT 1").catch(() => {});
      await pool.end();
      console.log(JSON.stringify([before, loaded()]));`;
    const settings = {
      cwd: new URL("..", import.meta.url),
      env: { ...process.env, AWS_PROFILE: "", ...env },
    };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "-e", script],
      settings,
    );
    return JSON.parse(stdout);
  }

  test("is loaded when the first token needs its credentials, not before", async () => {
    const nowhere = { AWS_SHARED_CREDENTIALS_FILE: "/none", AWS_CONFIG_FILE: "/none" };
    expect(await loaded({ profile: "none" }, nowhere)).toEqual([false, true]);
  });

  test("is not loaded if the options or the environment hold the credentials", async () => {
    expect(await loaded({ credentials: { accessKeyId: "a", secretAccessKey: "b" } }, {})).toEqual([
      false,
      false,
    ]);
    expect(await loaded({}, { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" })).toEqual([false, false]);
  });
});
