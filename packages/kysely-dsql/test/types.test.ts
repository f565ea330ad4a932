import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const require = createRequire(import.meta.url);
const run = promisify(execFile);
const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

it("compiles against Kysely 0.28, its tests included", async () => {
  const compiler = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const { stdout } = await run(process.execPath, [compiler, "-p", "tsconfig.kysely-0-28.json"], {
    cwd: packageDirectory,
  });
  expect(stdout).toBe("");
});
