import type { Cell, Context } from "../cell.ts";
import { demandOutput, type Format, programOf } from "../program.ts";
import { ALL_PARTS, npmProject, runWithEndpoint, writeFiles } from "../project.ts";

/** A test of each runner that calls the program. */
export const testRunners: Cell[] = [
  ...(["29", "30"] as const).flatMap((version) => [jest(version, "cjs"), jest(version, "esm")]),
  {
    name: "vitest 4",
    run: async (context) => {
      const folder = await npmProject(context, "vitest", { packages: { vitest: "^4.1.0" } });
      await writeFiles(folder, {
        "consumed.test.mjs": `import { test } from "vitest";\n${programOf(ALL_PARTS, "esm", false)}\ntest("runs", main, 60_000);\n`,
      });
      return runTest(context, folder, ["node_modules/vitest/vitest.mjs", "run"]);
    },
  },
  ...(["esm", "cjs"] as const).map(
    (format): Cell => ({
      name: `node:test: ${format === "esm" ? "ES modules" : "CommonJS"}`,
      run: async (context) => {
        const folder = await npmProject(context, "npm");
        const load =
          format === "esm" ? 'import test from "node:test";' : 'const test = require("node:test");';
        const file = `consumed.test.${format === "esm" ? "mjs" : "cjs"}`;
        await writeFiles(folder, {
          [file]: `${load}\n${programOf(ALL_PARTS, format, false)}\ntest("runs", main);\n`,
        });
        return runTest(context, folder, ["--test", file]);
      },
    }),
  ),
];

function jest(version: string, format: Format): Cell {
  return {
    name: `Jest ${version}: ${format === "esm" ? "ES modules" : "CommonJS"}`,
    run: async (context) => {
      const folder = await npmProject(context, `jest-${version}`, { packages: { jest: `^${version}.0.0` } });
      const extension = format === "esm" ? "mjs" : "cjs";
      await writeFiles(folder, {
        [`consumed.test.${extension}`]: `${programOf(ALL_PARTS, format, false)}\ntest("runs", main, 60000);\n`,
        [`jest.${format}.config.json`]: JSON.stringify({
          testMatch: [`**/*.test.${extension}`],
          moduleFileExtensions: ["js", "mjs", "cjs", "json"],
          transform: {},
        }),
      });
      return runTest(context, folder, [
        ...(format === "esm" ? ["--experimental-vm-modules"] : []),
        "node_modules/jest/bin/jest.js",
        "--config",
        `jest.${format}.config.json`,
      ]);
    },
  };
}

async function runTest(context: Context, folder: string, args: readonly string[]): Promise<undefined> {
  const { output } = await runWithEndpoint(context, [process.execPath, ...args], folder);
  demandOutput(output, ALL_PARTS);
}
