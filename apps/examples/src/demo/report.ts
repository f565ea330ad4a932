import type { BankResult, BankRun } from "./run-bank.ts";

const COLUMNS: readonly [keyof BankResult, string][] = [
  ["adapter", "adapter"],
  ["committed", "committed"],
  ["attempts", "attempts"],
  ["conflicts", "conflicts"],
  ["p50Ms", "p50 ms"],
  ["p99Ms", "p99 ms"],
  ["connectionsOpened", "connections"],
  ["tokensSigned", "tokens"],
  ["balanceBefore", "total before"],
  ["balanceAfter", "total after"],
];

/** The results as a plain-text table, one line per adapter. */
export function table(results: readonly BankResult[]): string {
  const rows = [
    COLUMNS.map(([, title]) => title),
    ...results.map((result) => COLUMNS.map(([key]) => String(result[key]))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "))
    .join("\n");
}

/** What the table shows, in sentences. */
export function explain(runs: readonly BankRun[]): string {
  return runs
    .map(({ result, busiest }) => {
      const kept = result.balanceBefore === result.balanceAfter ? "no update was lost" : "UPDATES WERE LOST";
      const hot = busiest[0];
      const busy = hot ? ` ${hot.owner}'s account took part in ${hot.transfers} of them.` : "";
      return `${result.adapter}: ${result.committed} transfers committed after ${result.conflicts} conflicts, and ${kept}.${busy}`;
    })
    .join("\n");
}
