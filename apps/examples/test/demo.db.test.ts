import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { BankResult } from "../src/demo/run-bank.ts";

const run = promisify(execFile);
const main = fileURLToPath(new URL("../dist/demo/main.js", import.meta.url));

test.each([
  { tables: "of its own", argv: ["--json"] },
  { tables: "that each ORM's migrations make", argv: ["migrations", "--json"] },
])("the demo commits every transfer through every adapter on tables $tables", async ({ argv }) => {
  const { stdout } = await run(process.execPath, [main, ...argv], {
    env: { ...process.env, DATABASE_URL: "" },
  });
  const results = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as BankResult);

  expect(results.map((result) => result.adapter)).toEqual(["kysely", "drizzle", "prisma"]);
  for (const result of results) {
    expect(result).toMatchObject({ committed: 100, failed: 0, tokensSigned: 1 });
    expect(result.balanceAfter).toBe(result.balanceBefore);
    expect(result.conflicts).toBeGreaterThan(0);
    expect(result.connectionsOpened).toBeLessThanOrEqual(10);
  }
});
