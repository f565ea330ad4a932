import { deploy as deployMigrations, findPending } from "../../apply/deploy.ts";
import { journalExists } from "../../apply/journal-tables.ts";
import type { PlannedMigration } from "../../plan/migration.ts";
import { type Command, EXIT, parseCommand, type Terminal, UsageError, wholeNumber } from "../command.ts";
import { CONNECTION_OPTIONS, CONNECTION_USAGE, untilInterrupted, withPool } from "../connect.ts";
import { PLAN_OPTIONS, PLAN_USAGE, planOptions } from "../plan-options.ts";
import { planText } from "../plan-text.ts";
import { count, jsonProgress, styler, textProgress } from "../progress.ts";
import { planPaths } from "../read-migrations.ts";

const usage = `Usage: dsql-migrate deploy <folder> [options]

Applies the .sql files of a folder that are not applied yet, in the order of their names: one statement at a
time, each recorded in the database. A deployment that was killed is continued by the next one.

  --dry-run                   print the plan of what is not applied yet, and run nothing
${CONNECTION_USAGE}
${PLAN_USAGE}  --lock-timeout-ms <number>  how long to wait for another deployment; the default is 600000, 0 does not wait
  --lease-ms <number>         how long a deployment that has died keeps others waiting; the default is 15000
  --owner <name>              what others see of this deployment; the default is <user>@<host>:<pid>
  --format text|json          json prints one event a line; the default is text
  --help                      print this text

Exit code: 0 all is applied, 1 something failed or was refused, 2 the call was wrong.
`;

export const deploy: Command = {
  summary: "apply the migrations of a folder that are not applied yet",
  usage,
  async run(argv, terminal) {
    const { values, positionals } = parseCommand(argv, "deploy", {
      ...CONNECTION_OPTIONS,
      ...PLAN_OPTIONS,
      "dry-run": { type: "boolean" },
      "lock-timeout-ms": { type: "string" },
      "lease-ms": { type: "string" },
      owner: { type: "string" },
      format: { type: "string" },
    });
    const folder = oneFolder(positionals, "deploy");
    const json = isJson(values.format);
    const lease = {
      lockTimeoutMs: wholeNumber(values["lock-timeout-ms"], "lock-timeout-ms", 0),
      leaseMs: wholeNumber(values["lease-ms"], "lease-ms", 100),
      owner: values.owner,
    };
    const migrations = await planPaths([folder], planOptions(values), terminal);
    return await withPool(values, terminal, async (pool) => {
      const onEvent = json ? jsonProgress(terminal) : textProgress(terminal);
      if (values["dry-run"] === true) {
        const pending = (await journalExists(pool))
          ? (await findPending(pool, migrations, undefined, onEvent)).map(({ migration }) => migration)
          : migrations;
        printPlan(pending, terminal, json);
        return pending.every(({ plan }) => plan.ok) ? EXIT.ok : EXIT.failed;
      }
      const { applied } = await untilInterrupted(terminal, (signal) =>
        deployMigrations({ pool, migrations, onEvent, signal, ...lease }),
      );
      if (json) terminal.stdout.write(`${JSON.stringify({ type: "deployed", applied })}\n`);
      else
        terminal.stdout.write(
          applied.length === 0 ? "Nothing to apply.\n" : `${count(applied.length, "migration")} applied.\n`,
        );
      return EXIT.ok;
    });
  },
};

/** The folder that a command was given. */
export function oneFolder(positionals: readonly string[], command: string): string {
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0) {
    throw new UsageError(`Name one folder of .sql files: dsql-migrate ${command} <folder>.`);
  }
  return folder;
}

/** Whether `--format` asks for JSON. */
export function isJson(format: string | undefined): boolean {
  if (format === undefined || format === "text") return false;
  if (format === "json") return true;
  throw new UsageError(`--format must be text or json, not "${format}".`);
}

/** Prints the statements that would run. */
function printPlan(migrations: readonly PlannedMigration[], terminal: Terminal, json: boolean): void {
  if (json) {
    terminal.stdout.write(`${JSON.stringify({ type: "plan", migrations })}\n`);
    return;
  }
  const style = styler(terminal);
  if (migrations.length === 0) terminal.stdout.write("Nothing to apply.\n");
  for (const migration of migrations) {
    terminal.stdout.write(planText(migration, style));
    for (const { source, message, advice, severity } of migration.plan.problems) {
      terminal.stdout.write(`${severity} at line ${source.line}: ${message} ${advice}\n`);
    }
  }
}
