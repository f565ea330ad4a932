import { betterAuth } from "better-auth";
import { DsqlDialect } from "kysely-dsql";
import { expect, test } from "vitest";
import { useCluster } from "./cluster.ts";

const cluster = useCluster();

const tables = [
  'CREATE TABLE "user" (id text PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, "emailVerified" boolean NOT NULL, image text, "createdAt" timestamptz NOT NULL DEFAULT now(), "updatedAt" timestamptz NOT NULL DEFAULT now())',
  'CREATE TABLE session (id text PRIMARY KEY, "expiresAt" timestamptz NOT NULL, token text NOT NULL UNIQUE, "createdAt" timestamptz NOT NULL DEFAULT now(), "updatedAt" timestamptz NOT NULL, "ipAddress" text, "userAgent" text, "userId" text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE)',
  'CREATE TABLE account (id text PRIMARY KEY, "accountId" text NOT NULL, "providerId" text NOT NULL, "userId" text NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, scope text, password text, "createdAt" timestamptz NOT NULL DEFAULT now(), "updatedAt" timestamptz NOT NULL)',
  'CREATE TABLE verification (id text PRIMARY KEY, identifier text NOT NULL, value text NOT NULL, "expiresAt" timestamptz NOT NULL, "createdAt" timestamptz NOT NULL DEFAULT now(), "updatedAt" timestamptz NOT NULL DEFAULT now())',
];

test("better-auth: sign up, sign in, session and sign out on kysely-dsql's dialect", async () => {
  for (const table of tables) await cluster.pool.query(table);
  const auth = betterAuth({
    baseURL: "http://localhost:3000",
    secret: "a secret that is long enough for a test, and no more",
    database: { dialect: new DsqlDialect({ pool: cluster.pool }), type: "postgres" },
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
  });
  const who = { email: "ada@example.com", password: "correct horse battery" };
  const { user } = await auth.api.signUpEmail({ body: { ...who, name: "Ada" } });
  expect(user).toMatchObject({ email: who.email, name: "Ada" });
  const response = await auth.api.signInEmail({ body: who, asResponse: true });
  const cookie = response.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ");
  expect((await auth.api.getSession({ headers: new Headers({ cookie }) }))?.user.id).toBe(user.id);
  await auth.api.signOut({ headers: new Headers({ cookie }) });
  expect(await auth.api.getSession({ headers: new Headers({ cookie }) })).toBeNull();
});
