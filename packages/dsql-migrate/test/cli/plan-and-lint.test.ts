import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dsql-migrate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a command line; returns what it wrote and its exit code. */
async function run(
  argv: string[],
  {
    stdin = "",
    env = {},
    isTTY = false,
  }: { stdin?: string; env?: Record<string, string>; isTTY?: boolean } = {},
) {
  let stdout = "";
  let stderr = "";
  const code = await main(
    argv,
    {
      stdout: { isTTY, columns: 100, write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
      stdin: (async function* () {
        yield Buffer.from(stdin);
      })(),
      env,
    },
    "1.2.3",
  );
  return { code, stdout, stderr };
}

function file(name: string, sql: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, sql);
  return path;
}

test("underlines what a problem is about, with advice and the page", async () => {
  const path = file(
    "1.sql",
    "CREATE TABLE t (\n\tid int PRIMARY KEY,\n\t名 text[]\n);\nCREATE INDEX i ON t (id DESC);\n",
  );
  const { code, stdout } = await run(["lint", path]);
  expect(code).toBe(1);
  expect(stdout).toContain(`  ${path}:3:4\n    |\n  3 |   名 text[]\n    |      ^^^^^^\n  Use jsonb,`);
  expect(stdout).toContain(
    "  5 | CREATE INDEX i ON t (id DESC);\n    |                         ^^^^\n  Remove DESC",
  );
  expect(stdout).toContain("  https://docs.aws.amazon.com/aurora-dsql/");
  expect(stdout).toMatch(/1 migration, 2 errors\.\n$/);
});

test("underlines each line of a statement of several, and no more than six", async () => {
  const { stdout } = await run(["lint", "-"], {
    stdin: `  DO $$\nBEGIN\n${"  NULL;\n".repeat(9)}END $$; SELECT 1`,
  });
  expect(stdout).toContain(
    "   1 |   DO $$\n     |   ^^^^^\n   2 | BEGIN\n     | ^^^^^\n   3 |   NULL;\n     |   ^^^^^\n",
  );
  expect(stdout).toContain("… 6 more lines");
});

test("shows each step with what was changed and why", async () => {
  const { code, stdout } = await run(["plan", "-"], { stdin: "CREATE INDEX i\n  ON t (a);" });
  expect(code).toBe(0);
  expect(stdout).toContain(
    "   1  job line 1\n       CREATE INDEX ASYNC i\n         ON t (a);\n       · The index is built by a job, and the next step waits for it. [index-async]\n",
  );
  expect(stdout).toMatch(/1 migration, 1 step, no problems\.\n$/);
});

test("plans the files of a folder in their order, each knowing what came before", async () => {
  file("2_note.sql", "ALTER TABLE t ADD COLUMN note text DEFAULT 'x'");
  file("1_table.sql", "CREATE TABLE t (id int PRIMARY KEY)");
  file("readme.txt", "no SQL");
  const { code, stdout } = await run(["plan", folder, "--format", "json", "--batch-rows", "7"]);
  expect(code).toBe(0);
  const { ok, migrations } = JSON.parse(stdout);
  expect(ok).toBe(true);
  expect(migrations.map(({ name }: { name: string }) => name)).toEqual(["1_table", "2_note"]);
  expect(migrations[1]).toMatchObject({
    file: join(folder, "2_note.sql"),
    ok: true,
    checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(migrations[1].steps[2].backfill).toMatchObject({ table: "t", batchRows: 7 });
});

test("reads the folders that Prisma and Drizzle write", async () => {
  file("20260101_a/migration.sql", "CREATE TABLE a (id int PRIMARY KEY)");
  file("20260102_b/migration.sql", "CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a (id))");
  file("meta/_journal.json", "{}");
  const { code, stdout } = await run(["lint", folder]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "2 migrations, no problems.\n" });
});

test("prints annotations of GitHub Actions, escaped", async () => {
  const path = file("a,b.sql", "CREATE INDEX i ON t (a DESC)");
  const { code, stdout } = await run(["lint", path, "--format", "github"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^::error file=.*a%2Cb\.sql,line=1,col=24,title=index-desc::A DSQL index has no DESC\. Remove DESC: /,
  );
});

test("tells warnings from errors, and lets them fail where that was asked for", async () => {
  const stdin = "CREATE TABLE t (id int PRIMARY KEY, n numeric)";
  expect(await run(["lint", "-"], { stdin })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("1 warning."),
  });
  expect((await run(["lint", "-", "--strict"], { stdin })).code).toBe(1);
  const { stdout } = await run(["lint", "-", "--format", "json"], { stdin });
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    errors: 0,
    warnings: 1,
    problems: [{ rule: "numeric-default" }],
  });
});

test("uses colours on a terminal, and not where NO_COLOR is set", async () => {
  const stdin = "CREATE INDEX i ON t (a DESC)";
  expect((await run(["lint", "-"], { stdin, isTTY: true })).stdout).toContain("\u001b[");
  expect((await run(["lint", "-"], { stdin, isTTY: true, env: { NO_COLOR: "1" } })).stdout).not.toContain(
    "\u001b[",
  );
  expect((await run(["lint", "-"], { stdin })).stdout).not.toContain("\u001b[");
});

test("prints its version and its help", async () => {
  expect(await run(["--version"])).toEqual({ code: 0, stdout: "1.2.3\n", stderr: "" });
  expect((await run(["--help"])).stdout).toMatch(/plan .*\n.*lint /);
  for (const command of ["plan", "lint"])
    expect((await run([command, "--help"])).stdout).toContain(`dsql-migrate ${command} <file|folder|->`);
});

test.each([
  [["nothing"], /"nothing"/],
  [[], /Usage/],
  [["plan"], /Name a file, a folder, or - for standard input/],
  [["lint", "x.sql", "--format", "xml"], /--format must be text, json or github, not "xml"/],
  [["plan", "-", "--enums", "text"], /--enums must be check, domain or refuse/],
  [["plan", "-", "--identity-cache", "20"], /--identity-cache must be 1 or at least 65536, not 20/],
  [["plan", "-", "--batch-rows", "3000"], /--batch-rows must be at most 2999/],
  [["plan", "-", "--unknown"], /Unknown option '--unknown'/],
])("exits with 2 and says why for %j", async (argv, message) => {
  const { code, stdout, stderr } = await run(argv);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stdout).toBe("");
});

test("says which file cannot be read", async () => {
  const { code, stderr } = await run(["lint", join(folder, "missing.sql")]);
  expect(code).toBe(2);
  expect(stderr).toContain(`${join(folder, "missing.sql")} cannot be read: ENOENT`);
  expect((await run(["lint", folder])).stderr).toContain("holds no .sql file");
});
