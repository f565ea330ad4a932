import { planMigrations } from "../../plan/planner.ts";
import { type Command, EXIT } from "../command.ts";
import { PLAN_USAGE, parsePlanCommand } from "../plan-options.ts";
import { planText } from "../plan-text.ts";
import { annotation, problemText, tally, tallyText } from "../problems.ts";
import { count, styler } from "../progress.ts";
import { readMigrations } from "../read-migrations.ts";

const usage = `Usage: dsql-migrate plan <file|folder|-> ... [options]

Shows the statements that DSQL gets for migrations written for PostgreSQL, and what was changed in them and why.
Connects to nothing.

  --strict                    warnings fail too
  --format text|json|github   the default is text; github prints annotations of GitHub Actions
${PLAN_USAGE}  --help                      print this text

Exit codes: 0 the plan can be applied, 1 it cannot (with --strict: or has warnings), 2 the command line was invalid.
`;

export const plan: Command = {
  summary: "show the statements that DSQL gets for migrations",
  usage,
  async run(argv, terminal) {
    const { paths, options, format, isStrict } = parsePlanCommand(argv, "plan");
    const files = await readMigrations(paths, terminal);
    const planned = await planMigrations(files, options);
    const problems = planned.flatMap((migration) => migration.plan.problems);
    const counts = tally(problems);
    const ok = counts.error === 0 && !(isStrict && counts.warning > 0);
    if (format === "json") {
      const migrations = planned.map((migration, index) => ({
        name: migration.name,
        file: files[index]?.path,
        checksum: migration.checksum,
        ...migration.plan,
      }));
      terminal.stdout.write(`${JSON.stringify({ ok, migrations })}\n`);
    } else if (format === "github") {
      for (const problem of problems) terminal.stdout.write(annotation(problem));
    } else {
      const style = styler(terminal);
      for (const [index, migration] of planned.entries()) {
        terminal.stdout.write(planText(migration, style));
        const file = files[index];
        for (const problem of file ? migration.plan.problems : [])
          terminal.stdout.write(`\n${problemText(problem, file as NonNullable<typeof file>, style)}`);
        terminal.stdout.write("\n");
      }
      const steps = planned.reduce((sum, migration) => sum + migration.plan.steps.length, 0);
      terminal.stdout.write(
        `${count(files.length, "migration")}, ${count(steps, "step")}, ${tallyText(problems)}.\n`,
      );
    }
    return ok ? EXIT.ok : EXIT.failed;
  },
};
