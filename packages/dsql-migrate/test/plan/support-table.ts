import { docsOf, RULES, type RuleEffect, type RuleId } from "../../src/plan/rules.ts";
import { STATEMENT_KINDS } from "../../src/plan/statements/kinds.ts";

const INTRODUCTION = `# What dsql-migrate does with PostgreSQL's statements

This page is generated from the planner's own lists. A test fails if it is out of date; this command updates it:
\`UPDATE_DOCS=1 npx vitest run --project dsql-migrate test/plan/support-table.test.ts\`.

`;

const EFFECTS: Record<RuleEffect, string> = {
  rewrites: "## What is rewritten\n\nThe step says what was changed and why.\n",
  "leaves out": "## What is omitted\n\nThe plan has no step for it, and an `info` says so.\n",
  refuses: "## What is refused\n\nNothing of the migration runs.\n",
  warns: "## Warnings\n\nThe migration runs; with `--strict`, `plan` and `lint` exit with code 1.\n",
};

const RESULT_HEADING: Record<RuleEffect, string> = {
  rewrites: "Result",
  "leaves out": "Reason",
  refuses: "Instead",
  warns: "What to check",
};

/** The page docs/migrations-support.md. */
export function supportPage(): string {
  return `${INTRODUCTION}${statementTable()}\n${Object.keys(EFFECTS)
    .map((effect) => ruleTable(effect as RuleEffect))
    .join("\n")}`;
}

function statementTable(): string {
  const rows = Object.values(STATEMENT_KINDS).map(({ sql, plan, advice = "" }) => [
    sql.replaceAll("|", "\\|"),
    plan ? "planned" : "refused",
    plan ? "" : advice,
  ]);
  return `## Statements\n\nEvery kind of statement of PostgreSQL 16's grammar. What is planned is subject to the rules below.\n\n${table(["Statement", "", "Instead"], rows)}`;
}

function ruleTable(effect: RuleEffect): string {
  const ids = (Object.keys(RULES) as RuleId[]).filter((id) => RULES[id].effect === effect);
  const rows = ids.map((id) => [`[\`${id}\`](${docsOf(id)})`, RULES[id].finds, RULES[id].does]);
  return `${EFFECTS[effect]}\n${table(["Rule", "Finds", RESULT_HEADING[effect]], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}
