import { type MigrationState, type MigrationStatus, status as readStatus } from "../../apply/status.ts";
import { type Command, EXIT, parseCommand } from "../command.ts";
import { CONNECTION_OPTIONS, CONNECTION_USAGE, withPool } from "../connect.ts";
import { PLAN_OPTIONS, planOptions } from "../plan-options.ts";
import { seconds, styler, summaryOf } from "../progress.ts";
import type { MigrationSource } from "../source.ts";
import { isJson } from "./deploy.ts";

const usageOf = ({
  program,
  synopsis,
  usage,
}: MigrationSource) => `Usage: ${program} status${synopsis} [options]

Shows which migrations are applied, pending, half applied, failed or edited, who holds the lock, and which
asynchronous jobs run. Changes nothing.

${usage}${CONNECTION_USAGE}
  --format text|json          the default is text
  --help                      print this text

Exit code: 0 all is applied, 1 something is not, 2 the command line was invalid.
`;

const COLOURS: Readonly<Record<MigrationState, "green" | "yellow" | "red">> = {
  applied: "green",
  pending: "yellow",
  begun: "yellow",
  failed: "red",
  edited: "red",
  missing: "red",
};

/** The command that shows the state of a source's migrations. */
export const statusOf = (source: MigrationSource): Command => ({
  summary: "show what is applied, pending, failed and running",
  usage: usageOf(source),
  async run(argv, terminal) {
    const { values, positionals } = parseCommand(argv, "status", {
      ...source.options,
      ...CONNECTION_OPTIONS,
      ...PLAN_OPTIONS,
      format: { type: "string" },
    });
    const json = isJson(values.format);
    const { migrations, history } = await source.load({ positionals, values }, planOptions(values), terminal);
    return await withPool(values, terminal, async (pool) => {
      const found = await readStatus({ pool, migrations, history });
      const exitCode = found.migrations.every(({ state }) => state === "applied") ? EXIT.ok : EXIT.failed;
      if (json) {
        terminal.stdout.write(`${JSON.stringify(found)}\n`);
        return exitCode;
      }
      const style = styler(terminal);
      const width = Math.max(0, ...found.migrations.map(({ name }) => name.length));
      for (const migration of found.migrations) {
        const { name, state } = migration;
        terminal.stdout.write(
          `${name.padEnd(width)}  ${style(COLOURS[state], state)}${detailOf(migration)}\n`,
        );
      }
      if (found.migrations.length === 0) terminal.stdout.write("There are no migrations.\n");
      const { lock } = found;
      if (lock !== undefined) {
        const lease =
          lock.expiresInMs > 0
            ? `for another ${seconds(lock.expiresInMs)}`
            : "until the next deployment: its lease has expired";
        terminal.stdout.write(`Locked by ${lock.owner} since ${lock.acquiredAt.toISOString()}, ${lease}.\n`);
      }
      for (const { jobId, jobType, status: jobStatus, objectName } of found.jobs) {
        terminal.stdout.write(`Job ${jobId}: ${jobType} ${objectName ?? ""} ${jobStatus}\n`);
      }
      return exitCode;
    });
  },
});

function detailOf({ state, stepsDone, steps, finishedAt, error, failedSql }: MigrationStatus): string {
  if (state === "applied") return finishedAt === undefined ? "" : ` at ${finishedAt.toISOString()}`;
  if (state === "begun") return `: ${stepsDone} of ${steps} steps done`;
  if (state === "failed")
    return `: ${stepsDone} of ${steps} steps done, then ${summaryOf(failedSql ?? "")}: ${error}`;
  if (state === "edited") return ": its file was edited since";
  if (state === "missing") return ": applied, but its file is missing";
  return "";
}
