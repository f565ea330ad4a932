import { describe, expect, test } from "vitest";
import { resolveConnection } from "../src/connection/connection-settings.ts";
import { DsqlConfigError, DsqlPool, type DsqlPoolOptions } from "../src/index.ts";

const HOST = "abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws";

describe("refused options", () => {
  test.each([
    ["statement_timeout", 5000, "query_timeout"],
    ["lock_timeout", 5000, "leave it out"],
    ["idle_in_transaction_session_timeout", 5000, "5 minutes"],
    ["options", "-c search_path=a", "search_path"],
    ["password", "hunter2-s3cret", "IAM token"],
    ["ssl", false, "verify-full"],
    ["pipeline", true, "answer"],
    ["stream", () => {}, "hostaddr"],
  ])("refuses %s by name, with advice, and shows no value", (name, value, advice) => {
    const thrown = errorOf(() => new DsqlPool({ host: HOST, [name]: value } as DsqlPoolOptions));
    expect(thrown).toBeInstanceOf(DsqlConfigError);
    expect(String(thrown)).toContain(name);
    expect(String(thrown)).toContain(advice);
    expect(String(thrown)).not.toContain("s3cret");
  });

  test("names the nearest option for one that it does not know", () => {
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
    ["commitTimeoutMillis", -1],
    ["keepAlive", "yes"],
    ["sslnegotiation", "plain"],
    ["user", ""],
    ["database", "a\0b"],
    ["credentials", { accessKeyId: 1 }],
    ["sslrootcert", "/no/such/file.pem"],
    ["retry", { maxAttempts: 0 }],
  ])("refuses %s: %j", (name, value) => {
    expect(() => new DsqlPool({ host: HOST, [name]: value } as DsqlPoolOptions)).toThrow(DsqlConfigError);
  });

  test("takes the shortest and the longest token, and every option at undefined", () => {
    for (const tokenDurationSecs of [1, 604_800]) resolveConnection({ host: HOST, tokenDurationSecs });
    const nothing = Object.fromEntries(["statement_timeout", "max", "ssl"].map((name) => [name, undefined]));
    new DsqlPool({ host: HOST, ...nothing });
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
