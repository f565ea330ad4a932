import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { useBank } from "./support/bank.ts";

const bank = useBank();

afterEach(() => vi.unstubAllEnvs());

test("the README's example runs", async () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n(import .*?)```/s.exec(readme)?.[1] ?? "";
  const folder = fileURLToPath(new URL("generated/readme/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}example.ts`;
  writeFileSync(
    file,
    example
      .replace('"prisma-dsql"', '"../../../src/index.ts"')
      .replace("./generated/prisma/client.ts", "../bank/client.ts"),
  );
  const { connectionString, credentials } = bank.cluster;
  vi.stubEnv("DATABASE_URL", connectionString);
  vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey);
  await import(file);
  const accounts = await bank.client().account.findMany({ orderBy: { owner: "asc" } });
  expect(accounts.map(({ owner, balance }) => [owner, balance])).toEqual([
    ["Ada", 60],
    ["Bob", 40],
  ]);
});
