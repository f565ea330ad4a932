import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DsqlConfigError } from "../src/errors.ts";
import { resolveConnection } from "../src/options/connection-settings.ts";
import { parseConnectionString } from "../src/options/connection-string.ts";

const HOST = "abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws";

describe("parseConnectionString", () => {
  test("reads every part, percent-decoded", () => {
    expect(
      parseConnectionString(
        `postgresql://app%40corp@${HOST}:5433/my%2Fdb?region=us-east-1&profile=a%20b&tokenDurationSecs=60` +
          "&ormPrefix=kysely&hostaddr=127.0.0.1&sslrootcert=%2Ftmp%2Fca.pem&sslnegotiation=postgres&application_name=x&sslmode=verify-full",
      ),
    ).toEqual({
      user: "app@corp",
      host: HOST,
      port: 5433,
      database: "my/db",
      region: "us-east-1",
      profile: "a b",
      tokenDurationSecs: 60,
      ormPrefix: "kysely",
      hostaddr: "127.0.0.1",
      sslrootcert: "/tmp/ca.pem",
      sslnegotiation: "postgres",
      application_name: "x",
    });
  });

  test("omits what the string omits", () => {
    expect(parseConnectionString(`postgres://${HOST}`)).toEqual({ host: HOST });
    expect(parseConnectionString(`postgres://${HOST}/`)).toEqual({ host: HOST });
    expect(parseConnectionString("postgres://admin@/postgres")).toEqual({
      user: "admin",
      database: "postgres",
    });
  });

  test.each(["tokenDurationSecs", "token-duration-secs", "token_duration_secs"])("accepts %s", (name) => {
    expect(parseConnectionString(`postgres://${HOST}/?${name}=900`).tokenDurationSecs).toBe(900);
  });

  test.each([
    ["another scheme", `mysql://${HOST}/`, /scheme/],
    ["no scheme", HOST, /form/],
    ["a password", `postgres://admin:pa55@${HOST}/`, /must not contain a password/],
    ["a password parameter", `postgres://${HOST}/?password=pa55`, /password is not accepted/],
    ["sslmode=require", `postgres://${HOST}/?sslmode=require`, /verify-full/],
    ["sslmode=disable", `postgres://${HOST}/?sslmode=disable`, /verify-full/],
    ["several hosts", `postgres://${HOST},${HOST}/`, /one host/],
    ["an invalid port", `postgres://${HOST}:abc/`, /port/],
    ["an invalid duration", `postgres://${HOST}/?tokenDurationSecs=15m`, /tokenDurationSecs/],
    ["broken percent-encoding", `postgres://${HOST}/%zz`, /percent-encoded/],
    ["a fragment", `postgres://${HOST}/#x`, /%23/],
    ["a parameter twice", `postgres://${HOST}/?region=a&region=b`, /region twice/],
    [
      "two spellings of one parameter",
      `postgres://${HOST}/?tokenDurationSecs=1&token_duration_secs=2`,
      /twice/,
    ],
    ["an empty parameter", `postgres://${HOST}/?region=`, /empty/],
    ["a parameter that DSQL refuses", `postgres://${HOST}/?statement_timeout=5`, /query_timeout/],
    ["nothing", "", /empty.*DATABASE_URL/],
    ["blanks", "  ", /empty.*DATABASE_URL/],
    ["a placeholder", "postgresql://admin@<cluster id>.dsql.us-east-1.on.aws/postgres", /placeholder/],
    ["another placeholder", "postgres://admin@<cluster>.dsql.<region>.on.aws", /placeholder/],
  ])("refuses %s", (_what, text, message) => {
    expect(() => parseConnectionString(text)).toThrow(DsqlConfigError);
    expect(() => parseConnectionString(text)).toThrow(message);
  });

  test.each([
    ["regoin", "region"],
    ["Region", "region"],
    ["ssl-root-cert", "sslrootcert"],
    ["orm_prefix", "ormPrefix"],
    ["tokenDuration", "tokenDurationSecs"],
    ["applicationname", "application_name"],
  ])("names the nearest parameter for %s", (misspelt, meant) => {
    expect(() => parseConnectionString(`postgres://${HOST}/?${misspelt}=x`)).toThrow(
      `Did you mean "${meant}"?`,
    );
  });

  test("lists all parameters for a name that is close to none", () => {
    expect(() => parseConnectionString(`postgres://${HOST}/?connection_limit=5`)).toThrow(
      /"connection_limit"\. The known parameters are region, .*sslmode\.$/,
    );
  });

  test.each([
    ["max", "as an option"],
    ["connectionTimeoutMillis", "as an option"],
    ["host", "in front of the path"],
    ["user", "in front of the host"],
  ])("says where %s belongs", (name, place) => {
    expect(() => parseConnectionString(`postgres://${HOST}/?${name}=5`)).toThrow(place);
  });

  test("accepts an IPv6 address as hostaddr, with or without brackets", () => {
    for (const written of ["::1", "[::1]", "%5B%3A%3A1%5D"])
      expect(resolveConnection(`postgres://${HOST}/?hostaddr=${written}`).hostaddr).toBe("::1");
  });

  test("never shows a password, whatever is wrong with the string", () => {
    const shapes = [
      (secret: string) => `postgres://admin:${secret}@${HOST}/`,
      (secret: string) => `mysql://admin:${secret}@${HOST}/`,
      (secret: string) => `postgres://${HOST}/?password=${secret}`,
      (secret: string) => `postgres://${HOST}/?${secret}=1&${secret}`,
      (secret: string) => `${secret}@${HOST}`,
    ];
    const secret = "t0p-s3cret/+=&#?";
    for (const shape of shapes) {
      for (const written of [secret, encodeURIComponent(secret)]) {
        const thrown = errorOf(() => parseConnectionString(shape(written)));
        expect(thrown).toBeInstanceOf(DsqlConfigError);
        expect(String(thrown)).not.toContain("s3cret");
      }
    }
  });

  test("reads back whatever was written, and throws only DsqlConfigError", () => {
    const text = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 65_535 }), text, (user, database, port, profile) => {
        const encode = encodeURIComponent;
        const written = `postgresql://${encode(user)}@${HOST}:${port}/${encode(database)}?profile=${encode(profile)}`;
        expect(parseConnectionString(written)).toEqual({ user, host: HOST, port, database, profile });
      }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((rest) => `postgres://${rest}`),
        ),
        (anything) => {
          const thrown = errorOf(() => parseConnectionString(anything));
          expect(thrown === undefined || thrown instanceof DsqlConfigError).toBe(true);
        },
      ),
    );
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
