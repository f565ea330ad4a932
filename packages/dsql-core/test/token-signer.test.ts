import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { awsTokenSigner, type TokenRequest } from "../src/auth/token-signer.ts";
import { DsqlTokenError } from "../src/index.ts";

const REQUEST: TokenRequest = {
  host: "abcdefghijklmnopqrstuvwxy2.dsql.us-east-1.on.aws",
  region: "us-east-1",
  user: "admin",
  tokenDurationSecs: 900,
  credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "s3cret" },
};

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Points the SDK at files with one profile, `work`. */
async function sharedFiles(): Promise<AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "dsql-core-"));
  const file = join(folder, "credentials");
  await writeFile(file, "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s3cret\n");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file);
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
  return { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

/** The parts of a token. */
async function sign(request: Partial<TokenRequest>) {
  const { token, expiresAtMs } = await awsTokenSigner({ ...REQUEST, ...request })();
  const url = new URL(`https://${token}`);
  return { host: url.host, query: Object.fromEntries(url.searchParams), expiresAtMs };
}

describe("a token", () => {
  test("is for the admin's action, and for the requested host, Region and time", async () => {
    const { host, query } = await sign({ tokenDurationSecs: 60 });
    expect(host).toBe(REQUEST.host);
    expect(query).toMatchObject({ Action: "DbConnectAdmin", "X-Amz-Expires": "60" });
    expect(query["X-Amz-Credential"]).toMatch(/^AKIAEXAMPLE\/\d{8}\/us-east-1\/dsql\/aws4_request$/);
  });

  test.each(["app", "Admin", "administrator"])("is for the ordinary action of the user %s", async (user) => {
    expect((await sign({ user })).query.Action).toBe("DbConnect");
  });

  test("expires with the credentials that it was signed with", async () => {
    const expiration = new Date(Date.now() + 30_000);
    const credentials = { ...REQUEST.credentials, expiration } as TokenRequest["credentials"];
    expect((await sign({ credentials })).expiresAtMs).toBe(expiration.getTime());
    const fromJson = { ...REQUEST.credentials, expiration: expiration.toISOString() } as never;
    expect((await sign({ credentials: fromJson })).expiresAtMs).toBe(expiration.getTime());
  });

  test("uses the provider each time, so that new credentials take effect", async () => {
    let calls = 0;
    const signer = awsTokenSigner({
      ...REQUEST,
      credentials: async () => ({ accessKeyId: `KEY${++calls}`, secretAccessKey: "s3cret" }),
    });
    expect((await signer()).token).toContain("KEY1");
    expect((await signer()).token).toContain("KEY2");
  });

  test("uses the credentials of a named profile from the shared files", async () => {
    await using _ = await sharedFiles();
    const { query } = await sign({ credentials: undefined, profile: "work" });
    expect(query["X-Amz-Credential"]).toMatch(/^AKIAWORK\//);
  });

  test("uses the environment's credentials, with their session token and expiration", async () => {
    const expiration = new Date(Date.now() + 30_000);
    vi.stubEnv("AWS_PROFILE", "");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s3cret");
    vi.stubEnv("AWS_SESSION_TOKEN", "a session/token+==");
    vi.stubEnv("AWS_CREDENTIAL_EXPIRATION", expiration.toISOString());
    const { query, expiresAtMs } = await sign({ credentials: undefined });
    expect(query["X-Amz-Credential"]).toMatch(/^AKIAENV\//);
    expect(query["X-Amz-Security-Token"]).toBe("a session/token+==");
    expect(expiresAtMs).toBe(expiration.getTime());
  });

  test("uses AWS_PROFILE's credentials rather than the environment's, as the SDK does", async () => {
    await using _ = await sharedFiles();
    vi.stubEnv("AWS_PROFILE", "work");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAENV");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s3cret");
    const { query } = await sign({ credentials: undefined });
    expect(query["X-Amz-Credential"]).toMatch(/^AKIAWORK\//);
  });
});

describe("a token that cannot be signed", () => {
  test("names the package that the provider needs and that is not installed", async () => {
    const credentials = async () => {
      const missing = "@aws-sdk/credential-providers-that-is-missing";
      return await import(missing);
    };
    const request = { host: "h", region: "us-east-1", user: "admin", tokenDurationSecs: 900, credentials };
    const failure = await awsTokenSigner(request)().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "DSQL_TOKEN",
      message: expect.stringContaining("npm install @aws-sdk/credential-providers-that-is-missing"),
      cause: expect.anything(),
    });
    const wrapped = {
      ...request,
      credentials: async () =>
        Promise.reject(
          new Error("x", {
            cause: Object.assign(
              new Error("Cannot find module '@aws-sdk/credential-providers/index.js'\nRequire stack:"),
              { code: "MODULE_NOT_FOUND" },
            ),
          }),
        ),
    };
    await expect(awsTokenSigner(wrapped)()).rejects.toThrow("npm install @aws-sdk/credential-providers");
    const ownFile = {
      ...request,
      credentials: async () =>
        Promise.reject(
          Object.assign(new Error("Cannot find module './mine.js'"), { code: "MODULE_NOT_FOUND" }),
        ),
    };
    await expect(awsTokenSigner(ownFile)()).rejects.toThrow(/AWS credentials could not be fetched/);
  });

  test("is a DsqlTokenError with the provider's own error as cause", async () => {
    const cause = new Error("the metadata service is away");
    const failed = sign({ credentials: () => Promise.reject(cause) });
    await expect(failed).rejects.toThrow(DsqlTokenError);
    await expect(failed).rejects.toMatchObject({ code: "DSQL_TOKEN", cause });
  });

  test.each([
    [
      "expired credentials",
      { accessKeyId: "A", secretAccessKey: "s3cret", expiration: new Date(0) },
      /expired/,
    ],
    [
      "an invalid date",
      { accessKeyId: "A", secretAccessKey: "s3cret", expiration: "soon" },
      /not a valid date/,
    ],
    ["no secret", { accessKeyId: "A" }, /secretAccessKey/],
    ["nothing", undefined, /secretAccessKey/],
  ])("reports a provider that returns %s, without what it returned", async (_what, identity, message) => {
    const failed = sign({ credentials: async () => identity as never });
    await expect(failed).rejects.toThrow(message);
    expect(String(await failed.catch((error) => error))).not.toContain("s3cret");
  });
});
