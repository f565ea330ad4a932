import { expect, test } from "vitest";
import { explain, table } from "../src/demo/report.ts";
import type { BankRun } from "../src/demo/run-bank.ts";

function runOf(adapter: string, balanceAfter: number): BankRun {
  return {
    result: {
      adapter,
      committed: 100,
      failed: 0,
      attempts: 250,
      conflicts: 150,
      connectionsOpened: 10,
      tokensSigned: 1,
      balanceBefore: 20_000,
      balanceAfter,
      p50Ms: 1234.5,
      p99Ms: 2345.6,
    },
    busiest: [{ id: 1, owner: "owner 1", balance: 1000, transfers: 100 }],
    firstFailure: undefined,
  };
}

test("a person gets a table with a line for each adapter, its columns under their titles", () => {
  const lines = table([runOf("kysely", 20_000).result, runOf("prisma", 20_000).result]).split("\n");
  expect(lines.map((line) => line.trim().split(/\s{2,}/))).toEqual([
    [
      "adapter",
      "committed",
      "attempts",
      "conflicts",
      "p50 ms",
      "p99 ms",
      "connections",
      "tokens",
      "total before",
      "total after",
    ],
    ["kysely", "100", "250", "150", "1234.5", "2345.6", "10", "1", "20000", "20000"],
    ["prisma", "100", "250", "150", "1234.5", "2345.6", "10", "1", "20000", "20000"],
  ]);
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
});

test("a person gets a sentence for each adapter, which says whether an update was lost", () => {
  expect(explain([runOf("kysely", 20_000), runOf("drizzle", 19_999)]).split("\n")).toEqual([
    "kysely: 100 transfers committed after 150 conflicts, and no update was lost. owner 1's account took part in 100 of them.",
    "drizzle: 100 transfers committed after 150 conflicts, and UPDATES WERE LOST. owner 1's account took part in 100 of them.",
  ]);
});
