import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const bin = fileURLToPath(new URL("../bin/prisma-dsql.js", import.meta.url));
let folder: string;

beforeAll(() => {
  // Below this package, where Prisma is installed.
  folder = mkdtempSync(fileURLToPath(new URL("generated/check-", import.meta.url)));
  mkdirSync(join(folder, "prisma"));
  mkdirSync(join(folder, "empty"));
  writeFileSync(join(folder, "prisma", "schema.prisma"), "model A {\n  id String @id\n}\n");
  writeFileSync(join(folder, "bad.prisma"), "model A {\n  id Int @id @default(autoincrement())\n}\n");
  writeFileSync(join(folder, "broken.prisma"), "model A {\n  id Int @\n}\n");
  writeFileSync(
    join(folder, "related.prisma"),
    "model A {\n  id String @id\n  bs B[]\n}\nmodel B {\n  id String @id\n  n Int @unique\n  aId String\n  a A @relation(fields: [aId], references: [id])\n  @@index(aId)\n}\n",
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with those files. */
function project(name: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
}

function run(...args: string[]) {
  return runIn(".", ...args);
}

function runIn(name: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: join(folder, name),
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("prisma-dsql check", () => {
  test("looks where Prisma looks, and ends with 0 when it finds nothing", () => {
    expect(execFileSync(process.execPath, [bin, "check"], { cwd: folder, encoding: "utf8" })).toBe(
      "No problems found.\n",
    );
  });

  test("says what must still be changed in the migration that Prisma writes", () => {
    const { stdout, status } = run("check", "related.prisma");
    expect(stdout).toBe(
      [
        "No problems found.",
        "",
        "The migration that Prisma writes for this schema must still be changed for DSQL:",
        "  each of its 5 statements in a transaction of its own",
        "  2 indexes with CREATE INDEX ASYNC",
        "  1 foreign key with NOT VALID, then ALTER TABLE ASYNC ... VALIDATE CONSTRAINT",
        "",
      ].join("\n"),
    );
    expect(status).toBe(0);
    expect(JSON.parse(run("check", "--json", "related.prisma").stdout)).toMatchObject({
      migration: { tables: 2, indexes: 2, foreignKeys: 1 },
    });
  });

  test("reads all files of the folder that prisma.config.ts names", () => {
    project("configured", {
      "prisma.config.ts":
        'import { defineConfig } from "prisma/config";\nexport default defineConfig({ schema: "db" });\n',
      "db/main.prisma": "model A {\n  id String @id\n}\n",
      "db/models/b.prisma": "enum Colour {\n  RED\n}\n",
      "schema.prisma": "model Unused {\n  tags String[]\n}\n",
    });
    const { status, stdout } = runIn("configured", "check");
    expect(stdout).toMatch(/^db\/models\/b\.prisma:1:1 error enum\n/);
    expect(stdout).not.toContain("Unused");
    expect(status).toBe(1);
  });

  test("reads the config file and the schema that Prisma's own options name", () => {
    project("named", {
      "other.config.ts": 'export default { schema: "db/main.prisma" };\n',
      "db/main.prisma": "enum Colour {\n  RED\n}\n",
    });
    expect(runIn("named", "check", "--config", "other.config.ts").stdout).toContain(
      "db/main.prisma:1:1 error enum",
    );
    expect(runIn("named", "check", "--schema", "db").stdout).toContain("db/main.prisma:1:1 error enum");
  });

  test("takes schema.prisma before prisma/schema.prisma, and says which files Prisma leaves out", () => {
    project("both", {
      "schema.prisma": "model A {\n  id String @id\n}\n",
      "prisma/schema.prisma": "enum Colour {\n  RED\n}\n",
    });
    expect(runIn("both", "check")).toMatchObject({ status: 0, stdout: "No problems found.\n" });
    project("beside", {
      "prisma/schema.prisma": "model A {\n  id String @id\n}\n",
      "prisma/models/b.prisma": "enum Colour {\n  RED\n}\n",
    });
    const { stdout, stderr } = runIn("beside", "check");
    expect(stdout).toBe("No problems found.\n");
    expect(stderr).toMatch(/1 other \.prisma file in prisma\/.*prisma\.config\.ts/);
  });

  test("says what to do about a config file that cannot be loaded", () => {
    project("unset", {
      "prisma.config.ts":
        'import { defineConfig, env } from "prisma/config";\nexport default defineConfig({ schema: "db", datasource: { url: env("NO_SUCH_URL") } });\n',
      "db/main.prisma": "model A {\n  id String @id\n}\n",
    });
    const { status, stderr } = runIn("unset", "check");
    expect(stderr).toMatch(/prisma\.config\.ts.*NO_SUCH_URL[\s\S]*pass the schema's file or folder/);
    expect(status).toBe(2);
    const away = mkdtempSync(join(tmpdir(), "no-prisma-"));
    writeFileSync(join(away, "prisma.config.ts"), "export default {};\n");
    const without = spawnSync(process.execPath, [bin, "check"], { cwd: away, encoding: "utf8" });
    rmSync(away, { recursive: true });
    expect(without).toMatchObject({ status: 2 });
    expect(without.stderr).toContain("npm install --save-dev prisma");
  });

  test("prints its version", () => {
    expect(run("--version").stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  test("prints file, line, advice, and ends with 1", () => {
    const { status, stdout } = run("check", "bad.prisma");
    expect(stdout).toMatch(/^bad\.prisma:2:3 error autoincrement\n/);
    expect(stdout).toContain("1 error, 0 warnings");
    expect(status).toBe(1);
  });

  test("prints JSON on request", () => {
    const { status, stdout } = run("check", "--json", "bad.prisma");
    expect(JSON.parse(stdout)).toMatchObject({
      findings: [{ path: "bad.prisma", line: 2, rule: "autoincrement" }],
    });
    expect(status).toBe(1);
  });

  test.each([
    ["a schema that cannot be read", ["check", "broken.prisma"], "broken.prisma:2:11 expected"],
    ["a path that is not there", ["check", "absent.prisma"], "absent.prisma does not exist"],
    ["a folder without schemas", ["check", "empty"], "has no .prisma file"],
    ["an unknown option", ["check", "--jsn"], "--jsn"],
    ["no command", [], "Usage"],
    ["an unknown command", ["chek"], 'unknown command "chek"'],
  ])("ends with 2 for %s", (_, args, text) => {
    const { status, stderr } = run(...args);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  });
});
