import { describe, expect, test } from "vitest";
import { DsqlClient, DsqlConfigError, DsqlPool, type DsqlPoolOptions } from "../src/index.ts";
import { resolveConnection } from "../src/options/connection-settings.ts";
import { resolveRegion } from "../src/options/region.ts";

const HOST = "abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws";

describe("refused options", () => {
  test.each([
    ["statement_timeout", 5000, "query_timeout"],
    ["lock_timeout", 5000, "omit it"],
    ["idle_in_transaction_session_timeout", 5000, "5 minutes"],
    ["options", "-c statement_timeout=5000", "statement_timeout"],
    ["options", "-c serch_path=a", "search_path"],
    ["options", "search_path=a", "-c name=value"],
    ["sslmode", "require", "verify-full"],
    ["password", "hunter2-s3cret", "IAM token"],
    ["ssl", false, "verify-full"],
    ["pipeline", true, "response"],
    ["stream", () => {}, "hostaddr"],
  ])("refuses %s by name, with advice, and shows no value", (name, value, advice) => {
    const thrown = errorOf(() => new DsqlPool({ host: HOST, [name]: value } as DsqlPoolOptions));
    expect(thrown).toBeInstanceOf(DsqlConfigError);
    expect(String(thrown)).toContain(name);
    expect(String(thrown)).toContain(advice);
    expect(String(thrown)).not.toContain("s3cret");
  });

  test("names the nearest option for an unknown one", () => {
    expect(() => new DsqlPool({ host: HOST, maxLifeTimeSecs: 1 } as DsqlPoolOptions)).toThrow(
      "maxLifetimeSeconds",
    );
    expect(() => new DsqlPool({ host: HOST, applicationname: "x" } as DsqlPoolOptions)).toThrow(
      /application_?name/i,
    );
  });

  test.each([
    ["port", 0],
    ["port", 70_000],
    ["tokenDurationSecs", 0],
    ["tokenDurationSecs", 604_801],
    ["tokenDurationSecs", 1.5],
    ["tokenDurationSecs", Number.NaN],
    ["max", 0],
    ["min", 11],
    ["idleTimeoutMillis", -1],
    ["maxLifetimeSeconds", Number.POSITIVE_INFINITY],
    ["maxUses", 0],
    ["connectionTimeoutMillis", 0],
    ["connectionTimeoutMillis", 2 ** 31],
    ["commitTimeoutMillis", -1],
    ["commitTimeoutMillis", 2 ** 31],
    ["query_timeout", 2 ** 31],
    ["connectionString", 5],
    ["host", 5],
    ["host", "https://example.com"],
    ["host", "example.com:5432"],
    ["region", 5],
    ["profile", ""],
    ["ormPrefix", 5],
    ["application_name", 5],
    ["binary", "yes"],
    ["types", 5],
    ["logger", "console"],
    ["telemetry", 5],
    ["retry", 5],
    ["retry", { maxRetries: -1 }],
    ["retry", { maxRetries: 3, maxAttempts: 3 }],
    ["port", "54x"],
    ["port", ""],
    ["searchPath", []],
    ["searchPath", ["a", ""]],
    ["searchPath", 5],
    ["onConnect", 5],
    ["customCredentialsProvider", { accessKeyId: 1 }],
    ["keepAlive", "yes"],
    ["sslnegotiation", "plain"],
    ["user", ""],
    ["database", "a\0b"],
    ["credentials", { accessKeyId: 1 }],
    ["sslrootcert", "/no/such/file.pem"],
    ["ca", 5],
    ["ca", ["a", 5]],
    ["retry", { maxAttempts: 0 }],
  ])("refuses %s: %j", (name, value) => {
    expect(() => new DsqlPool({ host: HOST, [name]: value } as DsqlPoolOptions)).toThrow(DsqlConfigError);
  });

  test.each([[null], [5], [[]]])("refuses %j in place of options", (config) => {
    expect(() => new DsqlPool(config as never)).toThrow(DsqlConfigError);
    expect(() => new DsqlClient(config as never)).toThrow(DsqlConfigError);
  });

  test("says where to pass the retry options of a single client", () => {
    expect(() => new DsqlClient({ host: HOST, retry: {} } as never)).toThrow(
      /retry is an option of DsqlPool.*transactionWithRetry\(work, options\)/,
    );
  });

  test("refuses two names for one option, and two values of one", () => {
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const customCredentialsProvider = { accessKeyId: "c", secretAccessKey: "d" };
    expect(() => new DsqlPool({ host: HOST, credentials, customCredentialsProvider })).toThrow(/two names/);
    expect(() => new DsqlPool({ host: HOST, options: "-c search_path=a", searchPath: "b" })).toThrow(
      /contradicts/,
    );
  });

  test("accepts the shortest and the longest token, and undefined or null for every option", () => {
    for (const tokenDurationSecs of [1, 604_800]) resolveConnection({ host: HOST, tokenDurationSecs });
    const names = ["statement_timeout", "max", "ssl", "connectionString", "retry", "region", "credentials"];
    for (const nothing of [undefined, null])
      new DsqlPool({ host: HOST, ...Object.fromEntries(names.map((name) => [name, nothing])) });
  });

  test("refuses an AWS_REGION that is not a Region", () => {
    expect(() => resolveRegion({}, { AWS_REGION: "us east" })).toThrow(/AWS_REGION must be/);
    expect(resolveRegion({}, { AWS_REGION: " US-East-1 " })).toBe("us-east-1");
  });
});

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
