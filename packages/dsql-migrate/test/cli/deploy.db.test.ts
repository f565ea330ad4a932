import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyDatabase } from "adapter-conformance/migrations";
import { DsqlPool } from "dsql-core";
import { type LocalDsql, startLocalDsql } from "dsql-local";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { main } from "../../src/cli/main.ts";

let local: LocalDsql;
let pool: DsqlPool;
let folder: string;

beforeAll(async () => {
  local = await startLocalDsql();
  pool = new DsqlPool({ ...local.connection, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await local.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsql-migrate-"));
  vi.stubEnv("AWS_ACCESS_KEY_ID", local.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", local.credentials.secretAccessKey);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await emptyDatabase(pool);
  await rm(folder, { recursive: true, force: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const terminal = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: { DATABASE_URL: local.connectionString },
  };
  return { code: await main(argv, terminal, "1.2.3"), out, err };
}

const write = (name: string, sql: string) => writeFile(join(folder, name), sql);

test("shows a plan and runs nothing with --dry-run, then applies it, and then has nothing to do", async () => {
  await write("1_notes.sql", "CREATE TABLE notes (id serial PRIMARY KEY, body text);");
  await write("2_index.sql", "CREATE INDEX notes_body ON notes (body);");
  const planned = await run("deploy", folder, "--dry-run");
  expect(planned).toMatchObject({ code: 0, err: "" });
  expect(planned.out).toMatch(/AS IDENTITY.*INDEX ASYNC/s);
  expect((await pool.query("SELECT to_regclass('notes') AS notes")).rows).toEqual([{ notes: null }]);

  const deployed = await run("deploy", folder);
  expect(deployed).toMatchObject({ code: 0, err: "" });
  expect(deployed.out).toMatch(/1_notes {2}1 step\n.*2_index {2}1 step\n.*2 migrations applied\.\n$/s);
  expect(await run("deploy", folder)).toEqual({ code: 0, out: "Nothing to apply.\n", err: "" });
  expect(await run("status", folder)).toMatchObject({ code: 0 });
});

test("prints one event a line as JSON", async () => {
  await write("1.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);");
  const { out } = await run("deploy", folder, "--format", "json");
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toEqual({ type: "deployed", applied: ["1"] });
});

test("runs nothing of migrations of which one is refused, and says where and what to write", async () => {
  await write("1.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);");
  await write("2.sql", "CREATE TABLE tags (words text[]);");
  const { code, err } = await run("deploy", folder);
  expect(code).toBe(1);
  expect(err).toMatch(/2\.sql:1:\d+ /);
  expect((await pool.query("SELECT to_regclass('notes') AS notes")).rows).toEqual([{ notes: null }]);
});

test("shows a failed step, and repairs what needs a person", async () => {
  await write("1.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);\nINSERT INTO notes VALUES (1), (1);");
  const failed = await run("deploy", folder);
  expect(failed).toMatchObject({ code: 1 });
  expect(failed.err).toMatch(/Step 2 of 2 of migration 1 failed: duplicate key/);
  const status = await run("status", folder);
  expect(status.code).toBe(1);
  expect(status.out).toMatch(/1 {2}failed: 1 of 2 steps done, then INSERT INTO notes/);

  await pool.query("DROP TABLE notes");
  expect(await run("repair", folder, "--forget", "1")).toMatchObject({ code: 0 });
  await write("1.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);\nINSERT INTO notes VALUES (1), (2);");
  expect(await run("deploy", folder)).toMatchObject({ code: 0 });

  await write(
    "1.sql",
    "CREATE TABLE notes (id bigint PRIMARY KEY);\nINSERT INTO notes VALUES (1), (2); -- two",
  );
  const changed = await run("deploy", folder);
  expect(changed.err).toMatch(/was edited after it was applied.*repair --accept 1/s);
  expect(await run("repair", folder, "--accept", "1")).toMatchObject({ code: 0 });
  expect(await run("deploy", folder)).toMatchObject({ code: 0, out: "Nothing to apply.\n" });
});

test("records a migration as applied without running it, and releases a lock that nobody holds", async () => {
  await write("1.sql", "CREATE TABLE notes (id bigint PRIMARY KEY);");
  expect(await run("repair", folder, "--applied", "1")).toMatchObject({ code: 0 });
  expect(await run("deploy", folder)).toMatchObject({ out: "Nothing to apply.\n" });
  expect((await pool.query("SELECT to_regclass('notes') AS notes")).rows).toEqual([{ notes: null }]);
  expect((await run("repair", folder, "--release-lock")).out).toBe("Nobody held the lock.\n");
});

test.each([
  { argv: ["deploy"], says: /Name one folder/ },
  { argv: ["deploy", "a", "--lease-ms", "soon"], says: /--lease-ms must be a whole number/ },
  { argv: ["deploy", "a", "--format", "yaml"], says: /--format must be text or json/ },
  { argv: ["deploy", "/nowhere/at/all"], says: /cannot be read/ },
  { argv: ["repair", "a"], says: /Give one of --accept/ },
  { argv: ["role"], says: /Name one role/ },
  { argv: ["deploy", "a", "--fast"], says: /See dsql-migrate deploy --help/ },
])("says what is wrong with $argv, with exit code 2", async ({ argv, says }) => {
  const { code, err } = await run(...argv);
  expect(code).toBe(2);
  expect(err).toMatch(says);
});
