import { MigrateError } from "../errors.ts";
import { type Command, EXIT, type Terminal } from "./command.ts";
import { deploy } from "./commands/deploy.ts";
import { lint } from "./commands/lint.ts";
import { plan } from "./commands/plan.ts";
import { repair } from "./commands/repair.ts";
import { role } from "./commands/role.ts";
import { status } from "./commands/status.ts";
import { styler } from "./progress.ts";

/** Every command, by its name. */
const COMMANDS: Readonly<Record<string, Command>> = { plan, lint, deploy, status, repair, role };

/**
 * Runs `dsql-migrate` with the arguments of a command line and returns the exit code: 0 done, 1 the migrations or the
 * database are not as they should be, 2 the call was wrong.
 */
export async function main(argv: readonly string[], terminal: Terminal, version: string): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-v") {
    terminal.stdout.write(`${version}\n`);
    return EXIT.ok;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const asked = rest[0] === undefined ? undefined : commandOf(rest[0]);
    (name === undefined ? terminal.stderr : terminal.stdout).write(asked?.usage ?? overview());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = commandOf(name);
  if (!command) {
    terminal.stderr.write(`dsql-migrate has no command "${name}". See dsql-migrate --help.\n`);
    return EXIT.usage;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.stdout.write(command.usage);
    return EXIT.ok;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    // What the server and the driver say has a code; anything else is a fault of ours, whose stack is wanted.
    if (!(error instanceof Error) || typeof (error as { code?: unknown }).code !== "string") throw error;
    terminal.stderr.write(`${styler(terminal)("red", "Error:")} ${error.message}\n`);
    const isInput = error instanceof MigrateError && error.code === "DSQL_MIGRATE_INPUT";
    return isInput ? EXIT.usage : EXIT.failed;
  }
}

function commandOf(name: string): Command | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}\n`);
  return `Usage: dsql-migrate <command> [options]

Migrations for Amazon Aurora DSQL, from PostgreSQL's SQL.

${lines.join("")}
  --version   print the version
  --help      print this text, or with a command its own
`;
}
