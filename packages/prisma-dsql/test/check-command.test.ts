import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const bin = fileURLToPath(new URL("../bin/prisma-dsql.js", import.meta.url));
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prisma-dsql-"));
  mkdirSync(join(folder, "prisma"));
  mkdirSync(join(folder, "empty"));
  writeFileSync(join(folder, "prisma", "schema.prisma"), "model A {\n  id String @id\n}\n");
  writeFileSync(join(folder, "bad.prisma"), "model A {\n  id Int @id @default(autoincrement())\n}\n");
  writeFileSync(join(folder, "broken.prisma"), "model A {\n  id Int @\n}\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("prisma-dsql check", () => {
  test("looks where Prisma looks, and ends with 0 when DSQL takes the schema", () => {
    expect(execFileSync(process.execPath, [bin, "check"], { cwd: folder, encoding: "utf8" })).toContain(
      "takes this schema",
    );
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
    ["a folder without schemas", ["check", "empty"], "holds no .prisma file"],
    ["an unknown option", ["check", "--jsn"], "--jsn"],
    ["no command", [], "Usage"],
  ])("ends with 2 for %s", (_, args, text) => {
    const { status, stderr } = run(...args);
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  });
});
