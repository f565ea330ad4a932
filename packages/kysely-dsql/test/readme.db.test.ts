import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startLocalDsql } from "dsql-local";
import { afterEach, expect, it, vi } from "vitest";

const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it("the README's example runs unchanged", async () => {
  const readme = await readFile(join(packageDirectory, "README.md"), "utf8");
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? "";
  await using local = await startLocalDsql();
  vi.stubEnv("DATABASE_URL", local.connectionString);
  vi.stubEnv("AWS_ACCESS_KEY_ID", local.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", local.credentials.secretAccessKey);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const folder = await mkdtemp(join(packageDirectory, "dist", "readme-"));
  try {
    const file = join(folder, "example.ts");
    await writeFile(file, example);
    await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(log.mock.calls).toEqual([
    [
      [
        { owner: "Ada", balance: 70 },
        { owner: "Grace", balance: 30 },
      ],
    ],
  ]);
});
