import { parseArgs } from "node:util";
import { nearest } from "./nearest.ts";

/** What to print once the endpoint is ready. */
type OutputForm = "banner" | "json" | "env" | "quiet";

export interface CliOptions {
  output: OutputForm;
  port?: number | undefined;
  regions: string[];
  dataDir?: string | undefined;
}

/** A command that one `dsql-local` process sends to a running one. */
export interface RegionCommand {
  command: "take-away" | "bring-back";
  region: string;
  /** The process to send it to; optional if only one is running. */
  pid?: number | undefined;
}

const COMMANDS = ["take-away", "bring-back"] as const;

/** An invalid command line; the message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const OPTIONS = {
  port: { type: "string" },
  region: { type: "string", multiple: true },
  "data-dir": { type: "string" },
  json: { type: "boolean" },
  env: { type: "boolean" },
  quiet: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
  pid: { type: "string" },
} as const;

/** Reads the command line. @throws {UsageError} */
export function parseArguments(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
): CliOptions | RegionCommand | "help" | "version" {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) if (token.kind === "option") checkOption(token);
  const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  if (values.help) return "help";
  if (values.version) return "version";
  if (positionals.length > 0) return parseCommand(positionals, values, env);
  if (values.pid !== undefined)
    throw new UsageError("--pid can only be used with a command (--help lists them)");
  const forms = (["json", "env", "quiet"] as const).filter((form) => values[form]);
  if (forms.length > 1)
    throw new UsageError(`--${forms.join(" and --")} cannot be combined; use one of them`);
  const regions = values.region ?? ["us-east-1"];
  for (const region of regions) {
    if (!/^[a-z0-9-]{1,40}$/.test(region))
      throw new UsageError(`--region "${region}" is not the name of a Region`);
  }
  return { output: forms[0] ?? "banner", port: parsePort(values.port), regions, dataDir: values["data-dir"] };
}

function parseCommand(
  [name = "", region, ...rest]: readonly string[],
  { pid: given, ...others }: { pid?: string | undefined },
  env: NodeJS.ProcessEnv,
): RegionCommand {
  const command = COMMANDS.find((known) => known === name);
  if (!command) {
    const close = nearest(name, COMMANDS);
    throw new UsageError(
      `"${name}" is not a command${close ? `; did you mean ${close}?` : ""} (--help lists them)`,
    );
  }
  if (region === undefined) throw new UsageError(`${command} needs a Region: ${command} us-east-1`);
  if (rest.length > 0) throw new UsageError(`${command} accepts one Region; unexpected "${rest[0]}"`);
  const [other] = Object.keys(others);
  if (other !== undefined) throw new UsageError(`--${other} cannot be used with ${command}`);
  const pid = given ?? env.DSQL_LOCAL_PID;
  if (pid !== undefined && !/^[1-9]\d{0,9}$/.test(pid)) {
    throw new UsageError(`--pid must be a process id, not "${pid}"`);
  }
  return { command, region, pid: pid === undefined ? undefined : Number(pid) };
}

function checkOption(token: {
  name: string;
  rawName: string;
  value?: string | boolean | undefined;
  inlineValue?: boolean | undefined;
}): void {
  const { name, rawName, value, inlineValue } = token;
  const known: { type: string } | undefined = Object.hasOwn(OPTIONS, name)
    ? OPTIONS[name as keyof typeof OPTIONS]
    : undefined;
  if (!known) {
    const close = nearest(name, Object.keys(OPTIONS));
    throw new UsageError(
      `${rawName} is not an option${close ? `; did you mean --${close}?` : ""} (--help lists them)`,
    );
  }
  if (
    known.type === "string" &&
    (typeof value !== "string" || value === "" || (!inlineValue && value.startsWith("-")))
  ) {
    throw new UsageError(`${rawName} needs a value`);
  }
  if (known.type === "boolean" && value !== undefined)
    throw new UsageError(`${rawName} does not accept a value`);
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new UsageError(`--port must be an integer from 0 to 65535, not "${text}"`);
  return port;
}
