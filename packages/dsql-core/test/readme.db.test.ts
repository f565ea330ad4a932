import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { startLocalDsql } from "dsql-local";
import { expect, test } from "vitest";

/** Runs a program of the README in its own process; all of them are also valid JavaScript. */
function run(program: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const cwd = new URL("..", import.meta.url);
    const options = { cwd, env: { ...process.env, ...env } };
    execFile(process.execPath, ["--input-type=module", "-e", program], options, (error, stdout, stderr) =>
      error ? reject(error) : resolve(stdout + stderr),
    );
  });
}

test("the README's first two programs run unchanged", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [pool, client] = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, program]) => program as string);
  await using local = await startLocalDsql();
  const { accessKeyId, secretAccessKey, sessionToken } = local.credentials;
  const env = {
    DATABASE_URL: local.connectionString,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
  };
  expect(await run(pool as string, env)).toBe("70\n");
  const where = '{ host: "<cluster id>", region: "us-east-1", user: "app" }';
  expect(client).toContain(where);
  expect(await run((client as string).replace(where, "process.env.DATABASE_URL"), env)).toMatch(/now: /);
});
