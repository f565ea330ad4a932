import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** Runs one of the repository's commands; resolves however it ends. */
function run(file: string, args: readonly string[]) {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  return new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [path, ...args], (error, stdout, stderr) =>
      resolve({ exitCode: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

describe.each([
  ["npm run bench", "bench/dist/main.js"],
  ["npm run demo", "examples/dist/demo/main.js"],
  ["npm run examples", "examples/dist/run-all.js"],
  ["npm run consume", "consume/dist/main.js"],
])("%s", (usage, file) => {
  test("prints its usage for --help", async () => {
    const { exitCode, stdout, stderr } = await run(file, ["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain(usage);
  });

  test.each([["--no-such-option"], ["no-such-name"]])(
    "says that it does not know %s, without a stack trace",
    async (argument) => {
      const { exitCode, stdout, stderr } = await run(file, [argument]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain(argument);
      expect(stderr).not.toContain("    at ");
    },
  );
});
