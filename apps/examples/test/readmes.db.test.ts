import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { DsqlPool } from "dsql-core";
import { startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

const app = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(app, "dist", "readmes-"));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The first program of a README that holds a text, in a file of the folder. */
async function program(readme: string, holds: string, file: string): Promise<{ path: string; code: string }> {
  const text = await readFile(join(app, "../..", readme), "utf8");
  const blocks = [...text.matchAll(/```(?:ts|js)\n(.*?)```/gs)].map(([, code = ""]) => code);
  const code = blocks.find((block) => block.includes(holds)) ?? `throw new Error("no program with ${holds}")`;
  const path = join(folder, file);
  await writeFile(path, code);
  return { path, code };
}

test("the programs of the first README run as they stand, one after the other", async () => {
  await using local = await startLocalDsql();
  vi.stubEnv("DATABASE_URL", local.connectionString);
  vi.stubEnv("AWS_ACCESS_KEY_ID", local.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", local.credentials.secretAccessKey);
  const { path } = await program("README.md", "transfer.mjs", "transfer.mjs");
  const { stdout } = await run(process.execPath, [path], { env: process.env });
  expect(stdout).toBe("{ balance: 100 }\n");
  const pool = new DsqlPool(local.connection);
  const balance = async () => (await pool.query("SELECT balance FROM accounts")).rows[0]?.balance;
  try {
    for (const [holds, file, after] of [
      ["// Kysely", "kysely.ts", 10],
      ["// Drizzle", "drizzle.ts", 20],
    ] as const) {
      await import(pathToFileURL((await program("README.md", holds, file)).path).href);
      expect(await balance(), file).toBe(after);
    }
  } finally {
    await pool.end();
  }
});

test("an endpoint in a test is ready, and gone at its end", async () => {
  const { path } = await program("packages/dsql-local/README.md", "await using local", "using.ts");
  await import(pathToFileURL(path).href);
});

test("the recipe for vitest passes", async () => {
  const { path } = await program("packages/dsql-local/README.md", 'from "vitest"', "recipe.test.ts");
  // Or it would take the one of this package.
  await writeFile(join(folder, "vitest.config.js"), "export default {};");
  const vitest = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));
  const args = [vitest, "run", "--root", folder, "--reporter=json", path];
  const { stdout } = await run(process.execPath, args, { cwd: folder });
  expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 1 });
});

test("the recipe for node:test passes", async () => {
  const { path } = await program("packages/dsql-local/README.md", 'from "node:test"', "recipe.mjs");
  const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", path], { cwd: folder });
  expect(stdout).toMatch(/^# pass 1$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
