import type { MigrationFile } from "../plan/planner.ts";
import type { Problem, Severity } from "../plan/step.ts";
import { count, type Styler } from "./progress.ts";

/** How many problems there are of each severity. */
export function tally(problems: readonly Problem[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of problems) counts[severity]++;
  return counts;
}

const COLOURS = { error: "red", warning: "yellow", info: "blue" } as const;

/** A problem for a person: where it is, the line with what it is about underlined, and what to do. */
export function problemText(problem: Problem, { sql }: MigrationFile, style: Styler): string {
  const { severity, rule, message, advice, docs, source } = problem;
  const location = `${source.file ?? "input"}:${source.line}:${source.column}`;
  const head = `${style([COLOURS[severity], "bold"], severity)} ${style("bold", message)} ${style("dim", `[${rule}]`)}`;
  // What is left out or noted needs no excerpt: a dump has hundreds of such lines.
  if (severity === "info") return `${head}\n  ${style("dim", location)}\n`;
  return `${head}\n  ${style("cyan", location)}\n${excerpt(
    source,
    sql,
    (text) => style(COLOURS[severity], text),
    (text) => style("dim", text),
  )}  ${advice}\n  ${style("dim", docs)}\n`;
}

const MAX_LINES = 6;

/** The lines that a range covers, each with what belongs to the range underlined. */
function excerpt(
  { line, column, offset, length }: Problem["source"],
  sql: string,
  mark: (text: string) => string,
  dim: (text: string) => string,
): string {
  const lineStart = offset - column + 1;
  const covered = sql.slice(lineStart, Math.max(offset + length, offset + 1));
  const lines = covered.split("\n");
  const last = lineStart + covered.length;
  const restOfLast = sql.slice(last).split("\n", 1)[0] ?? "";
  const width = String(line + lines.length - 1).length;
  let text = `${dim(" ".repeat(width + 3))}${dim("|")}\n`;
  for (const [index, coveredPart] of lines.slice(0, MAX_LINES).entries()) {
    const isLast = index === lines.length - 1;
    const whole = (isLast ? coveredPart + restOfLast : coveredPart).replace(/\r$/, "");
    const from = index === 0 ? column - 1 : (/^\s*/.exec(coveredPart)?.[0].length ?? 0);
    const to = coveredPart.trimEnd().length;
    text += `${dim(`  ${String(line + index).padStart(width)} |`)} ${expand(whole)}\n`;
    if (to > from)
      text += `${dim(`${" ".repeat(width + 3)}|`)} ${" ".repeat(displayWidth(whole.slice(0, from)))}${mark("^".repeat(Math.max(1, displayWidth(whole.slice(from, to)))))}\n`;
  }
  if (lines.length > MAX_LINES)
    text += dim(`${" ".repeat(width + 3)}| … ${count(lines.length - MAX_LINES, "more line")}\n`);
  return text;
}

const expand = (text: string): string => text.replaceAll("\t", "  ");

/** Columns on a terminal; East Asian and other wide characters take two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of expand(text)) {
    if (/\p{Mark}/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}

/** A problem as an annotation of GitHub Actions (its documentation, "Workflow commands"). */
export function annotation({ severity, rule, message, advice, source }: Problem): string {
  const level = severity === "info" ? "notice" : severity;
  const properties = {
    ...(source.file !== undefined && { file: source.file }),
    line: String(source.line),
    col: String(source.column),
    title: rule,
  };
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
  return `::${level} ${list.join(",")}::${escapeData(`${message} ${advice}`)}\n`;
}

const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

/** "2 errors, 1 warning", or that there is nothing to say. */
export function tallyText(problems: readonly Problem[]): string {
  const { error, warning } = tally(problems);
  const parts = [
    ...(error > 0 ? [count(error, "error")] : []),
    ...(warning > 0 ? [count(warning, "warning")] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : "no problems";
}
