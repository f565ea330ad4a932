import { parseArgs } from "node:util";
import { MAX_TIMER_MS } from "../apply/lease.ts";
import { MigrateError } from "../errors.ts";

/** Where a command writes, and its environment; `process` fits. */
export interface Terminal {
  stdout: { write(text: string): unknown; isTTY?: boolean; columns?: number };
  stderr: { write(text: string): unknown };
  stdin?: AsyncIterable<Uint8Array | string>;
  env: Record<string, string | undefined>;
  on?(event: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off?(event: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

/** One command of `dsql-migrate`. */
export interface Command {
  /** One line for the list of commands. */
  summary: string;
  /** The text that `--help` prints. */
  usage: string;
  /** Runs with the arguments after the command's name, and returns the exit code. */
  run(argv: readonly string[], terminal: Terminal): Promise<number>;
}

/** Exit codes: 0 done, 1 something failed, was refused or is not applied, 2 the command line was invalid. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

type OptionTypes = Record<string, { type: "string" | "boolean"; short?: string; multiple?: boolean }>;
type Parsed<T extends OptionTypes> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: T }>
>;

/** The arguments of a command, parsed. An error names the command's help. */
export function parseCommand<const T extends OptionTypes>(
  argv: readonly string[],
  name: string,
  options: T,
): Parsed<T> {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options });
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message} See dsql-migrate ${name} --help.`, { cause });
  }
}

/** The command line is invalid: exit code 2. */
export class UsageError extends MigrateError {
  constructor(message: string, options?: ErrorOptions) {
    super("DSQL_MIGRATE_INPUT", message, options);
  }
}

/** A whole number of an option's value. */
export function wholeNumber(value: string | undefined, option: string, minimum: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < minimum || number > MAX_TIMER_MS) {
    throw new UsageError(`--${option} must be a whole number of at least ${minimum}, not "${value}".`);
  }
  return number;
}
