import { planMigrations } from "../../plan/planner.ts";
import { type Command, EXIT } from "../command.ts";
import { PLAN_USAGE, parsePlanCommand } from "../plan-options.ts";
import { annotation, problemText, tally, tallyText } from "../problems.ts";
import { count, styler } from "../progress.ts";
import { readMigrations } from "../read-migrations.ts";

const usage = `Usage: dsql-migrate lint <file|folder|-> ... [options]

Reports what DSQL refuses in migrations, and what to write instead. Connects to nothing. What the planner
corrects by itself is not reported; dsql-migrate plan shows it.

  --strict                    warnings fail too
  --format text|json|github   the default is text; github prints annotations of GitHub Actions
${PLAN_USAGE}  --help                      print this text

Exit codes: 0 no errors, 1 errors (with --strict: or warnings), 2 the command line was invalid.
`;

export const lint: Command = {
  summary: "report what DSQL refuses in migrations, and what to write instead",
  usage,
  async run(argv, terminal) {
    const { paths, options, format, isStrict } = parsePlanCommand(argv, "lint");
    const files = await readMigrations(paths, terminal);
    const planned = await planMigrations(files, options);
    const problems = planned
      .flatMap(({ plan }) => plan.problems)
      .filter(({ severity }) => severity !== "info");
    const counts = tally(problems);
    const ok = counts.error === 0 && !(isStrict && counts.warning > 0);
    if (format === "json") {
      terminal.stdout.write(
        `${JSON.stringify({ ok, errors: counts.error, warnings: counts.warning, problems })}\n`,
      );
    } else if (format === "github") {
      for (const problem of problems) terminal.stdout.write(annotation(problem));
    } else {
      const style = styler(terminal);
      for (const [index, { plan }] of planned.entries()) {
        const file = files[index];
        if (!file) continue;
        for (const problem of plan.problems)
          if (problem.severity !== "info") terminal.stdout.write(`${problemText(problem, file, style)}\n`);
      }
      terminal.stdout.write(`${count(files.length, "migration")}, ${tallyText(problems)}.\n`);
    }
    return ok ? EXIT.ok : EXIT.failed;
  },
};
