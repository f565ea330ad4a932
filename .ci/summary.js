// Prints the runner's own count as the last line; fails where there is no report, a failed test, or no test at all.
import { readFileSync } from "node:fs";

const report = readReport(process.argv[2]);
const passed = report?.numPassedTests ?? 0;
const broken = report === undefined || (report.success === false && report.numFailedTests === 0);
const failed = (report?.numFailedTests ?? 0) + (broken ? 1 : 0);
const skipped = report?.numPendingTests ?? 0;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    console.error(`No test report at ${path}: ${error.message}`);
    return undefined;
  }
}
