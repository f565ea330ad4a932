import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const require = createRequire(import.meta.url);
const run = promisify(execFile);
const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

async function compile(...options: string[]): Promise<string> {
  const compiler = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const { stdout } = await run(process.execPath, [compiler, ...options], { cwd: packageDirectory }).catch(
    (failed: { stdout: string }) => failed,
  );
  return stdout;
}

it("compiles against Kysely 0.28, its tests included", async () => {
  expect(await compile("-p", "tsconfig.kysely-0-28.json")).toBe("");
});

it("compiles in a project that checks the types of libraries, and knows await using", async () => {
  expect(await compile("-p", "test/consumer", "--skipLibCheck", "false")).toBe("");
});

it("compiles in a project with exactOptionalPropertyTypes, with options that may be undefined", async () => {
  expect(await compile("-p", "test/consumer", "--exactOptionalPropertyTypes")).toBe("");
});
