import type { Command, Terminal } from "./command.ts";
import { lint } from "./commands/lint.ts";
import { plan } from "./commands/plan.ts";
import { role } from "./commands/role.ts";
import { migrationCommands, runProgram } from "./program.ts";
import { sqlFolder } from "./source.ts";

const COMMANDS: Readonly<Record<string, Command>> = { plan, lint, ...migrationCommands(sqlFolder), role };

/**
 * Runs `dsql-migrate` with the arguments of a command line and returns the exit code: 0 done, 1 something failed, was
 * refused or is not applied, 2 the command line was invalid.
 */
export async function main(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  const program = {
    name: "dsql-migrate",
    about: "Migrations for Amazon Aurora DSQL, from PostgreSQL's SQL.",
    commands: COMMANDS,
    version,
  };
  return await runProgram(program, argv, terminal);
}
