import type { PlannedMigration } from "../plan/migration.ts";
import type { PlanStep } from "../plan/step.ts";
import { count, type Styler } from "./progress.ts";

/** A plan as text for people: each statement, and above it what was changed and why. */
export function planText({ name, plan: { steps, ok } }: PlannedMigration, style: Styler): string {
  const what = ok ? count(steps.length, "step") : "cannot be applied";
  return `${style("bold", name)}  ${style(ok ? "dim" : "red", what)}\n${steps.map((step) => stepText(step, style)).join("")}`;
}

const KINDS = { ddl: "schema", dml: "rows", "async-job": "job", backfill: "backfill" } as const;

function stepText(step: PlanStep, style: Styler): string {
  const number = String(step.index + 1).padStart(4);
  const sql = `${step.sql};`.replaceAll("\n", "\n       ");
  const batches = step.backfill ? [`Repeated in batches of at most ${step.backfill.batchRows} rows.`] : [];
  const notes = [...step.changes.map(({ rule, message }) => `${message} [${rule}]`), ...batches];
  const lines = notes.map((note) => `       ${style("dim", `· ${note}`)}\n`);
  return `\n${style("cyan", number)}  ${style("green", KINDS[step.kind])} ${style("dim", `line ${step.source.line}`)}\n       ${sql}\n${lines.join("")}`;
}
