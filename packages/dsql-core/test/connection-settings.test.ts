import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { DsqlConfigError, DsqlPool } from "../src/index.ts";
import type { DsqlPoolOptions } from "../src/options/connection-options.ts";
import { resolveConnection } from "../src/options/connection-settings.ts";
import { resolvePool } from "../src/options/pool-settings.ts";
import { regionInFile } from "../src/options/region.ts";
import { mergeRetryOptions } from "../src/options/retry-settings.ts";

const ID = "abcdefghijklmnopqrstuvwxy2";
const HOST = `${ID}.dsql.us-east-1.on.aws`;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsql-core-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"]) vi.stubEnv(name, "");
  for (const name of ["PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGSSLROOTCERT"])
    vi.stubEnv(name, "");
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "none"));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("defaults and precedence", () => {
  test("fills in defaults for omitted options", () => {
    const settings = resolveConnection({ host: HOST });
    expect(settings).toMatchObject({
      host: HOST,
      port: 5432,
      user: "admin",
      database: "postgres",
      region: "us-east-1",
    });
    expect(settings).toMatchObject({ sslnegotiation: "direct", connectionTimeoutMillis: 30_000 });
    expect(settings.token.tokenDurationSecs).toBe(900);
    expect(settings.ssl).toEqual({ rejectUnauthorized: true, minVersion: "TLSv1.2" });
    expect(resolvePool({ host: HOST }).pool).toMatchObject({
      max: 10,
      min: 0,
      idleTimeoutMillis: 600_000,
      maxLifetimeMs: 3_300_000,
    });
  });

  test("accepts an option that the connection string does not contain, or contains with the same value", () => {
    const connectionString = `postgres://app@${HOST}:5433/one?tokenDurationSecs=5`;
    const settings = resolveConnection({
      connectionString,
      host: `${HOST.toUpperCase()}.`,
      port: "5433",
      user: undefined,
      profile: "work",
      tokenDurationSecs: 5,
    });
    expect(settings).toMatchObject({ host: HOST, user: "app", port: 5433, database: "one" });
    expect(settings.token).toMatchObject({ tokenDurationSecs: 5, profile: "work" });
  });

  test.each<[string, DsqlPoolOptions]>([
    ["port", { port: 5434 }],
    ["port", { port: "5434" }],
    ["user", { user: "other" }],
    ["database", { database: "two" }],
    ["host", { host: "another.example.com", region: "us-east-1" }],
    ["tokenDurationSecs", { tokenDurationSecs: 6 }],
    ["application_name", { application_name: "another" }],
  ])("rejects a %s that contradicts the connection string", (name, field) => {
    const connectionString = `postgres://app@${HOST}:5433/one?tokenDurationSecs=5&application_name=mine`;
    expect(() => new DsqlPool({ connectionString, ...field })).toThrow(DsqlConfigError);
    expect(() => new DsqlPool({ connectionString, ...field })).toThrow(`${name} contradicts`);
  });

  test("does not change the caller's object, frozen or not", () => {
    const config: DsqlPoolOptions = Object.freeze({
      connectionString: `postgres://${ID}/?region=us-west-2`,
      retry: Object.freeze({}),
    });
    const before = JSON.stringify(config);
    new DsqlPool(config);
    expect(JSON.stringify(config)).toBe(before);
  });

  test("accepts a connection string alone", () => {
    expect(resolvePool(`postgres://app@${HOST}`).connection).toMatchObject({ host: HOST, user: "app" });
  });
});

describe("the option names of AWS's connectors", () => {
  test("customCredentialsProvider, a port as a string, sslmode and maxRetries", () => {
    const customCredentialsProvider = async () => ({ accessKeyId: "a", secretAccessKey: "b" });
    const { connection, pool } = resolvePool({
      host: HOST,
      customCredentialsProvider,
      port: "5433",
      sslmode: "verify-full",
      retry: { maxRetries: 3 },
    });
    expect(connection.port).toBe(5433);
    expect(connection.token.credentials).toBe(customCredentialsProvider);
    expect(connection.ssl).toMatchObject({ rejectUnauthorized: true });
    expect(pool.retry.maxAttempts).toBe(4);
  });

  test.each<[DsqlPoolOptions, string | undefined]>([
    [{ options: "-c search_path=app" }, "-c search_path=app"],
    [{ options: "-csearch_path=app  --timezone=UTC" }, "-c search_path=app -c timezone=UTC"],
    [{ options: "-c search_path=app,\\ public" }, "-c search_path=app,\\ public"],
    [{ searchPath: "app, public" }, "-c search_path=app,\\ public"],
    [{ searchPath: ["app", "My Schema"] }, '-c search_path=app,\\ "My\\ Schema"'],
    [{ options: "-c search_path=app", searchPath: ["app"] }, "-c search_path=app"],
    [{ options: " " }, undefined],
    [{}, undefined],
  ])("%j become the startup packet's options %j", (options, expected) => {
    expect(resolveConnection({ host: HOST, ...options }).startupOptions).toBe(expected);
  });

  test("`options` may be in a connection string, too", () => {
    expect(resolveConnection(`postgres://${HOST}/?options=-c%20search_path%3Dapp`).startupOptions).toBe(
      "-c search_path=app",
    );
  });

  test("a call's maxRetries overrides a pool's maxAttempts, and vice versa", () => {
    expect(mergeRetryOptions({ maxAttempts: 9 }, { maxRetries: 2 })).toEqual({ maxAttempts: 3 });
    expect(mergeRetryOptions({ maxRetries: 2 }, { maxAttempts: 9 })).toEqual({ maxAttempts: 9 });
    expect(mergeRetryOptions({ maxRetries: 2 }, {})).toEqual({ maxAttempts: 3 });
  });
});

describe("PostgreSQL's environment variables", () => {
  const local = {
    PGHOST: HOST,
    PGHOSTADDR: "127.0.0.1",
    PGPORT: "5433",
    PGUSER: "app",
    PGDATABASE: "one",
    PGSSLROOTCERT: "system",
  };
  const stub = (env: Record<string, string>) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  };

  test("are used for omitted options", () => {
    stub(local);
    const expected = { host: HOST, hostaddr: "127.0.0.1", port: 5433, user: "app", database: "one" };
    expect(resolveConnection({})).toMatchObject(expected);
    expect(resolveConnection(`postgres://${HOST}`)).toMatchObject(expected);
    expect(resolveConnection({ user: "other", port: 1 })).toMatchObject({
      ...expected,
      user: "other",
      port: 1,
    });
    expect(resolveConnection(`postgres://other@${HOST}:1/two`)).toMatchObject({
      ...expected,
      user: "other",
      port: 1,
      database: "two",
    });
  });

  test("do not apply PGHOSTADDR to a host from the options", () => {
    stub(local);
    expect(resolveConnection({ host: HOST.replace("us-east-1", "us-east-2") }).hostaddr).toBeUndefined();
  });

  test("never weaken TLS, and are checked like options", () => {
    stub({ PGHOST: HOST, PGSSLMODE: "disable", PGSSLROOTCERT: "" });
    expect(resolveConnection({}).ssl).toEqual({ rejectUnauthorized: true, minVersion: "TLSv1.2" });
    stub({ PGSSLROOTCERT: "/no/such/file.pem" });
    expect(() => resolveConnection({})).toThrow(/sslrootcert/);
    stub({ PGSSLROOTCERT: "", PGPORT: "abc" });
    expect(() => resolveConnection({})).toThrow(/port/);
  });
});

describe("the endpoint and its Region", () => {
  test("uses the Region in the host name, whatever the environment says", () => {
    vi.stubEnv("AWS_REGION", "eu-west-1");
    expect(resolveConnection({ host: HOST.toUpperCase() })).toMatchObject({
      host: HOST,
      region: "us-east-1",
    });
    expect(resolveConnection({ host: `${ID}.dsql-fnh4.us-east-2.on.aws.` }).region).toBe("us-east-2");
  });

  test("builds the endpoint from a cluster id and a Region", () => {
    const { host, token } = resolveConnection({ host: ID.toUpperCase(), region: "us-west-2" });
    expect(host).toBe(`${ID}.dsql.us-west-2.on.aws`);
    expect(token).toMatchObject({ host, region: "us-west-2" });
  });

  test("looks for a Region in AWS_REGION, AWS_DEFAULT_REGION, and the profile, in this order", async () => {
    const config = join(folder, "config");
    await writeFile(
      config,
      "[default]\nregion = sa-east-1\n[profile work]\noutput = json\nregion=eu-north-1 # far\n",
    );
    vi.stubEnv("AWS_CONFIG_FILE", config);
    const regionOf = (profile?: string) => resolveConnection({ host: ID, profile }).region;
    expect(regionOf()).toBe("sa-east-1");
    expect(regionOf("work")).toBe("eu-north-1");
    vi.stubEnv("AWS_PROFILE", "work");
    expect(regionOf()).toBe("eu-north-1");
    vi.stubEnv("AWS_DEFAULT_REGION", "ap-south-1");
    expect(regionOf()).toBe("ap-south-1");
    vi.stubEnv("AWS_REGION", "ap-east-1");
    expect(regionOf()).toBe("ap-east-1");
  });

  test("reads a Region only from its own section", () => {
    const file = '[a]\nregion=one-1\n[ profile  "b" ]\ns3 =\n  region = nested-1\n[c]\n';
    expect(regionInFile(file, ["profile b"])).toBeUndefined();
    expect(regionInFile(file, ["a"])).toBe("one-1");
    expect(regionInFile(file, ["c"])).toBeUndefined();
  });

  test.each<[string, DsqlPoolOptions, RegExp]>([
    ["a Region that contradicts the host name", { host: HOST, region: "eu-west-1" }, /never valid/],
    ["a cluster id without a Region", { host: ID }, /region is missing/],
    [
      "a custom domain without a Region, also with AWS_REGION",
      { host: "db.example.com" },
      /custom domain needs region/,
    ],
    ["no host", {}, /host is missing.*DATABASE_URL/],
    ["a placeholder as host", { host: "<cluster id>.dsql.us-east-1.on.aws" }, /placeholder/],
    ["an address as host", { host: "127.0.0.1", region: "us-east-1" }, /hostaddr/],
    ["an unknown Region", { host: ID, region: "nowhere" }, /AWS Region/],
  ])("refuses %s", (what, options, message) => {
    if (what.includes("AWS_REGION")) vi.stubEnv("AWS_REGION", "us-east-1");
    expect(() => resolveConnection(options)).toThrow(DsqlConfigError);
    expect(() => resolveConnection(options)).toThrow(message);
  });

  test("accepts a custom domain with a Region", () => {
    expect(resolveConnection({ host: "db.example.com", region: "us-east-1" }).token).toMatchObject({
      host: "db.example.com",
      region: "us-east-1",
    });
  });
});
