import type { Finding } from "./finding.ts";

/** Writes findings as they come: one JSON object a line, or columns for a person. */
export function printer(json: boolean): (finding: Finding) => void {
  if (json) return (finding) => void process.stdout.write(`${JSON.stringify(finding)}\n`);
  let lastBench = "";
  return (finding) => {
    if (finding.bench !== lastBench) process.stdout.write(`\n${finding.bench}\n`);
    lastBench = finding.bench;
    process.stdout.write(`${asColumns(finding)}\n`);
  };
}

function asColumns(finding: Finding): string {
  const { metric, unit, value, baseline, ratio, goal, holds } = finding;
  const compared = baseline === null ? "" : `against ${baseline} ${unit}: ${ratio}`;
  const verdict = holds === null ? "" : `${holds ? "holds" : "MISSED"} (${goal})`;
  const columns = [
    finding.case.padEnd(44),
    metric.padEnd(22),
    `${value} ${unit}`.padEnd(18),
    compared.padEnd(32),
  ];
  return `  ${columns.join(" ")} ${verdict}`.trimEnd();
}
