import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { readRecordings } from "./recording.ts";
import { type CaseResult, replay } from "./replay.ts";

const packageFolder = join(import.meta.dirname, "..", "..");

/** Recordings of a cluster, if there is such a folder beside the repository or further up. */
function clusterRecordings(): string[] {
  for (let folder = join(packageFolder, "..", ".."); folder !== dirname(folder); ) {
    folder = dirname(folder);
    const candidate = join(folder, "shared", "golden");
    if (existsSync(candidate)) return [candidate];
  }
  return [];
}

const args = process.argv.slice(2);
const isJson = args.includes("--json");
/** Paths on the command line, or else in DSQL_RECORDINGS, replace the default ones. */
const named = args.filter((arg) => !arg.startsWith("--"));
const fromEnvironment = (process.env.DSQL_RECORDINGS ?? "").split(delimiter).filter((path) => path !== "");
const chosen = named.length > 0 ? named : fromEnvironment;
const paths = chosen.length > 0 ? chosen : [join(packageFolder, "conformance"), ...clusterRecordings()];
const counts = { match: 0, difference: 0 };

for (const path of paths) {
  const recordings = await readRecordings(path);
  for await (const result of replay(recordings)) {
    counts[result.verdict]++;
    process.stdout.write(isJson ? `${JSON.stringify(result)}\n` : asText(result));
  }
}
const summary = { cases: counts.match + counts.difference, ...counts };
process.stdout.write(
  isJson
    ? `${JSON.stringify({ summary })}\n`
    : `${summary.match} of ${summary.cases} cases match, ${summary.difference} differ\n`,
);
process.exitCode = counts.difference > 0 ? 1 : 0;

function asText(result: CaseResult): string {
  const lines = result.differences.map(
    ({ step, sql, difference }) => `    step ${step}: ${sql}\n      ${difference}\n`,
  );
  return `${result.verdict === "match" ? "ok  " : "DIFF"} ${result.group}/${result.name}\n${lines.join("")}`;
}
