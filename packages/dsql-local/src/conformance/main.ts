import { join } from "node:path";
import { readRecordings } from "./recording.ts";
import { type CaseResult, replay } from "./replay.ts";

const packageFolder = join(import.meta.dirname, "..", "..");

/** The project's own recordings of expectations, and those of a cluster where they stand beside the repository. */
const ownFolders = [
  join(packageFolder, "conformance"),
  join(packageFolder, "..", "..", "..", "shared", "golden"),
];

const args = process.argv.slice(2);
const isJson = args.includes("--json");
/** Folders that are named on the command line are replayed instead. */
const named = args.filter((arg) => !arg.startsWith("--"));
const folders = named.length > 0 ? named : ownFolders;
const counts = { match: 0, difference: 0, "documented difference": 0 };

for (const folder of folders) {
  const recordings = await readRecordings(folder);
  if (!recordings) continue;
  for await (const result of replay(recordings)) {
    counts[result.verdict]++;
    process.stdout.write(isJson ? `${JSON.stringify(result)}\n` : asText(result));
  }
}
const summary = { cases: counts.match + counts.difference + counts["documented difference"], ...counts };
process.stdout.write(
  isJson
    ? `${JSON.stringify({ summary })}\n`
    : `${summary.match} of ${summary.cases} cases match, ${summary.difference} differ, ${summary["documented difference"]} differ as documented\n`,
);
process.exitCode = counts.difference > 0 ? 1 : 0;

function asText(result: CaseResult): string {
  const lines = result.differences.map(
    ({ step, sql, difference }) => `    step ${step}: ${sql}\n      ${difference}\n`,
  );
  if (result.reason !== undefined) lines.push(`    documented: ${result.reason}\n`);
  return `${result.verdict === "match" ? "ok  " : "DIFF"} ${result.group}/${result.name}\n${lines.join("")}`;
}
