import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("the README's program that checks a schema runs, on the README's schema", () => {
  const program = /```ts\n([^`]*"prisma-dsql\/check"[^`]*(?:`[^`\n]*`[^`]*)*)```/.exec(readme)?.[1] ?? "";
  const schema = /```prisma\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const folder = fileURLToPath(new URL("generated/readme-check/", import.meta.url));
  mkdirSync(join(folder, "prisma"), { recursive: true });
  writeFileSync(join(folder, "prisma", "schema.prisma"), schema);
  writeFileSync(join(folder, "check.mjs"), program);
  const printed = execFileSync(process.execPath, ["check.mjs"], { cwd: folder, encoding: "utf8" });
  expect(printed).toBe("1 indexes and 0 foreign keys to change in the migration\n");
});
