import { DsqlSigner } from "@aws-sdk/dsql-signer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signToken } from "../../src/auth/sign-token.ts";
import { type TokenExpectation, verifyToken } from "../../src/auth/verify-token.ts";

const host = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws";
const region = "us-east-1";
const credentials = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "a secret/with+signs=" };
const expected: TokenExpectation = { credentials, hosts: [host, "localhost"], region, user: "admin" };
const token = signToken({ host, region, credentials });

const hintOf = (text: string, expectation = expected): string | undefined => {
  const verdict = verifyToken(text, expectation);
  return verdict.valid ? undefined : verdict.hint;
};
const isValid = (text: string, expectation = expected): boolean => verifyToken(text, expectation).valid;

describe("a token", () => {
  it("of the AWS SDK's signer is taken, for admin and for others, with a session token or without", async () => {
    for (const keys of [credentials, { ...credentials, sessionToken: "a session/token+==" }]) {
      const signer = new DsqlSigner({ hostname: host, region, credentials: keys });
      const expectation = { ...expected, credentials: keys };
      expect(isValid(await signer.getDbConnectAdminAuthToken(), expectation)).toBe(true);
      expect(isValid(await signer.getDbConnectAuthToken(), { ...expectation, user: "worker" })).toBe(true);
    }
  });

  it("is taken for each name of the endpoint", () => {
    expect(isValid(token)).toBe(true);
    expect(isValid(signToken({ host: "localhost", region, credentials }))).toBe(true);
  });

  it("is refused with any one character changed", () => {
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(..."aZ0%&=/?.-"), (at, character) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(isValid(changed)).toBe(false);
      }),
    );
  });

  it("is refused, and never throws, where it is any text", () => {
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => !isValid(text)));
    const names = [...new URL(`https://${token}`).searchParams.keys()];
    const parameters = fc.dictionary(fc.constantFrom(...names), fc.string());
    fc.assert(fc.property(parameters, (given) => !isValid(`${host}/?${new URLSearchParams(given)}`)));
  });

  it("is refused for another secret, key id, host or Region", () => {
    const others = [
      { credentials: { ...credentials, secretAccessKey: "another" } },
      { credentials: { ...credentials, accessKeyId: "AKIAANOTHER" } },
      { credentials: { ...credentials, sessionToken: "unexpected" } },
      { host: "bbbbbbbbbbbbbbbbbbbbbbbbbb.dsql.us-east-1.on.aws" },
      { region: "us-west-2" },
    ];
    for (const other of others)
      expect(isValid(signToken({ host, region, credentials, ...other }))).toBe(false);
  });

  it("must carry the action that its user needs, and the refusal says so", () => {
    const forOthers = signToken({ host, region, credentials, user: "worker" });
    expect(hintOf(forOthers)).toBe("Wrong user to action mapping. user: admin, action: DbConnect");
    expect(hintOf(token, { ...expected, user: "worker" })).toBe(
      "Wrong user to action mapping. user: worker, action: DbConnectAdmin",
    );
  });

  it("is taken until it expires, and then refused with a hint that a client can act on", () => {
    const now = new Date("2026-09-15T12:00:00Z");
    const short = signToken({ host, region, credentials, now, expiresInSeconds: 10 });
    const after = (seconds: number): TokenExpectation => ({
      ...expected,
      now: new Date(now.getTime() + seconds * 1000),
    });
    expect(isValid(short, after(9.9))).toBe(true);
    expect(hintOf(short, after(10))).toMatch(/^Signature expired: /);
    expect(isValid(short, after(-299))).toBe(true);
    expect(hintOf(short, after(-301))).toMatch(/^Signature not yet current: /);
  });

  it("lasts from a second to a week", () => {
    for (const expiresInSeconds of [0, -1, 604_801, 1.5, Number.NaN]) {
      expect(isValid(signToken({ host, region, credentials, expiresInSeconds }))).toBe(false);
    }
    expect(isValid(signToken({ host, region, credentials, expiresInSeconds: 604_800 }))).toBe(true);
  });

  it("is refused with a parameter more, twice, or less", () => {
    expect(isValid(`${token}&X-Amz-Extra=1`)).toBe(false);
    expect(isValid(`${token}&Action=DbConnectAdmin`)).toBe(false);
    expect(isValid(token.replace("&X-Amz-SignedHeaders=host", ""))).toBe(false);
  });

  it("never shows up in the verdict", () => {
    const verdict = verifyToken(`${token}0`, expected);
    expect(JSON.stringify(verdict)).not.toContain(token.slice(-64));
    expect(JSON.stringify(verdict)).not.toContain(credentials.secretAccessKey);
  });
});
