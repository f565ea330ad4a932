import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startLocalDsql } from "dsql-local";
import { expect, test, vi } from "vitest";
import { main } from "../src/cli/main.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

function block(language: string, holds: string): string {
  const found = [...readme.matchAll(/```(\w+)\n(.*?)```/gs)].find(
    ([, kind, code]) => kind === language && code?.includes(holds),
  );
  if (!found) throw new Error(`The README has no ${language} with ${holds}.`);
  return found[2] as string;
}

test("the README's program prints what its comments say", async () => {
  const code = block("ts", "planMigrations");
  const file = fileURLToPath(new URL("./readme-program.ts", import.meta.url));
  writeFileSync(file, code.replace('"dsql-migrate"', '"../src/index.ts"'));
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  try {
    await import(file);
    expect(log.mock.calls.map((values) => values.join(" "))).toEqual(
      [...code.matchAll(/^\/\/ (.*)$|; \/\/ (.*)$/gm)].map(([, line, end]) => line ?? end),
    );
  } finally {
    log.mockRestore();
    rmSync(file);
  }
});

test("the README's program that deploys applies its migrations", async () => {
  const code = block("ts", "deploy({");
  const file = fileURLToPath(new URL("./readme-deploy.ts", import.meta.url));
  writeFileSync(file, code.replace('"dsql-migrate"', '"../src/index.ts"'));
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await using local = await startLocalDsql();
  vi.stubEnv("DATABASE_URL", local.connectionString);
  vi.stubEnv("AWS_ACCESS_KEY_ID", local.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", local.credentials.secretAccessKey);
  try {
    await import(file);
    expect(log.mock.calls.at(-1)).toEqual([["0001", "0002"]]);
  } finally {
    vi.unstubAllEnvs();
    log.mockRestore();
    rmSync(file);
  }
});

test("the README's migration is planned as it shows", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dsql-migrate-"));
  let stdout = "";
  try {
    writeFileSync(join(folder, "0001_shop.sql"), block("sql", "0001_shop"));
    const terminal = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: () => undefined },
      env: {},
    };
    expect(await main(["plan", folder], terminal, "0.0.0")).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const shown = block("console", "dsql-migrate plan").split("\n").slice(1).join("\n").replace(/…\n$/, "");
  expect(stdout.slice(0, shown.length)).toBe(shown);
});
