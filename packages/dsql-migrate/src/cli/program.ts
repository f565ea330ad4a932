import { type Command, EXIT, type Terminal } from "./command.ts";
import { deployOf } from "./commands/deploy.ts";
import { repairOf } from "./commands/repair.ts";
import { statusOf } from "./commands/status.ts";
import { styler } from "./progress.ts";
import type { MigrationSource } from "./source.ts";

/** A program with several commands. */
export interface Program {
  /** How it is called. */
  name: string;
  /** One line for its help. */
  about: string;
  /** Its commands by their names, in the order of its help. */
  commands: Readonly<Record<string, Command>>;
  version: string;
}

/** The commands `deploy`, `status` and `repair` for the migrations of a source. */
export function migrationCommands(source: MigrationSource): Record<"deploy" | "status" | "repair", Command> {
  return { deploy: deployOf(source), status: statusOf(source), repair: repairOf(source) };
}

/**
 * Runs the command that a command line names, and returns the exit code: 0 done, 1 something failed, was refused or is not
 * applied, 2 the command line was invalid.
 */
export async function runProgram(
  program: Program,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--version" || name === "-v") {
    terminal.stdout.write(`${program.version}\n`);
    return EXIT.ok;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const asked = rest[0] === undefined ? undefined : commandOf(program, rest[0]);
    (name === undefined ? terminal.stderr : terminal.stdout).write(asked?.usage ?? overview(program));
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = commandOf(program, name);
  if (!command) {
    terminal.stderr.write(`${program.name} has no command "${name}". See ${program.name} --help.\n`);
    return EXIT.usage;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    terminal.stdout.write(command.usage);
    return EXIT.ok;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    // Errors of the server and the driver have a code; anything else is our own bug, whose stack is needed.
    const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
    if (!(error instanceof Error) || typeof code !== "string") throw error;
    terminal.stderr.write(`${styler(terminal)("red", "Error:")} ${error.message}\n`);
    return code === "DSQL_MIGRATE_INPUT" ? EXIT.usage : EXIT.failed;
  }
}

function commandOf({ commands }: Program, name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

function overview({ name: program, about, commands }: Program): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}\n`);
  return `Usage: ${program} <command> [options]

${about}

${lines.join("")}
  --version   print the version
  --help      print this text, or with a command its own
`;
}
