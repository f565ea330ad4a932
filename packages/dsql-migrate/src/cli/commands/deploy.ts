import { deploy as deployMigrations, findPending } from "../../apply/deploy.ts";
import type { PlannedMigration } from "../../plan/migration.ts";
import { type Command, EXIT, parseCommand, type Terminal, UsageError, wholeNumber } from "../command.ts";
import { CONNECTION_OPTIONS, CONNECTION_USAGE, untilInterrupted, withPool } from "../connect.ts";
import { PLAN_OPTIONS, PLAN_USAGE, planOptions } from "../plan-options.ts";
import { planText } from "../plan-text.ts";
import { count, jsonProgress, styler, textProgress } from "../progress.ts";
import type { MigrationSource } from "../source.ts";

const usageOf = ({
  program,
  synopsis,
  usage,
}: MigrationSource) => `Usage: ${program} deploy${synopsis} [options]

Applies the migrations that are not applied yet, in the order of their names: one statement at a time, each
recorded in the database. If a deployment is killed, the next one continues it.

${usage}  --dry-run                   print the plan of what is not applied yet, and run nothing
${CONNECTION_USAGE}
${PLAN_USAGE}  --lock-timeout-ms <number>  milliseconds to wait for another deployment; the default is 600000, 0 does not wait
  --lease-ms <number>         milliseconds until a deployment that has died loses the lock; the default is 15000
  --owner <name>              how other deployments see this one; the default is <user>@<host>:<pid>
  --format text|json          json prints one event per line; the default is text
  --help                      print this text

Exit code: 0 all is applied, 1 something failed or was refused, 2 the command line was invalid.
`;

/** The command that applies the migrations of a source. */
export const deployOf = (source: MigrationSource): Command => ({
  summary: "apply the migrations that are not applied yet",
  usage: usageOf(source),
  async run(argv, terminal) {
    const { values, positionals } = parseCommand(argv, "deploy", {
      ...source.options,
      ...CONNECTION_OPTIONS,
      ...PLAN_OPTIONS,
      "dry-run": { type: "boolean" },
      "lock-timeout-ms": { type: "string" },
      "lease-ms": { type: "string" },
      owner: { type: "string" },
      format: { type: "string" },
    });
    const json = isJson(values.format);
    const lease = {
      lockTimeoutMs: wholeNumber(values["lock-timeout-ms"], "lock-timeout-ms", 0),
      leaseMs: wholeNumber(values["lease-ms"], "lease-ms", 100),
      owner: values.owner,
    };
    const { migrations, history } = await source.load({ positionals, values }, planOptions(values), terminal);
    return await withPool(values, terminal, async (pool) => {
      const onEvent = json ? jsonProgress(terminal) : textProgress(terminal);
      if (values["dry-run"] === true) {
        const pending = (await findPending(pool, migrations, history, onEvent)).map(
          ({ migration }) => migration,
        );
        printPlan(pending, terminal, json);
        return pending.every(({ plan }) => plan.ok) ? EXIT.ok : EXIT.failed;
      }
      const { applied } = await untilInterrupted(terminal, (signal) =>
        deployMigrations({ pool, migrations, history, onEvent, signal, ...lease }),
      );
      if (json) terminal.stdout.write(`${JSON.stringify({ type: "deployed", applied })}\n`);
      else
        terminal.stdout.write(
          applied.length === 0 ? "Nothing to apply.\n" : `${count(applied.length, "migration")} applied.\n`,
        );
      return EXIT.ok;
    });
  },
});

/** Whether `--format` requests JSON. */
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
