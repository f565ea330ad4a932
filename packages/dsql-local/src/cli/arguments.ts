import { parseArgs } from "node:util";
import { nearest } from "./nearest.ts";

/** What to print once the endpoint is there. */
type OutputForm = "banner" | "json" | "env" | "quiet";

export interface CliOptions {
  output: OutputForm;
  port?: number | undefined;
  regions: string[];
  dataDir?: string | undefined;
}

/** A command line that cannot be carried out; the message is for the person who typed it. */
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
} as const;

/** Reads the command line. @throws {UsageError} */
export function parseArguments(argv: readonly string[]): CliOptions | "help" | "version" {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "positional")
      throw new UsageError(`"${token.value}" is not expected; options begin with --`);
    if (token.kind === "option") checkOption(token);
  }
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) return "help";
  if (values.version) return "version";
  const forms = (["json", "env", "quiet"] as const).filter((form) => values[form]);
  if (forms.length > 1)
    throw new UsageError(`--${forms.join(" and --")} contradict each other; give one of them`);
  const regions = values.region ?? ["us-east-1"];
  for (const region of regions) {
    if (!/^[a-z0-9-]{1,40}$/.test(region))
      throw new UsageError(`--region "${region}" is not the name of a Region`);
  }
  return { output: forms[0] ?? "banner", port: parsePort(values.port), regions, dataDir: values["data-dir"] };
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
  if (known.type === "boolean" && value !== undefined) throw new UsageError(`${rawName} takes no value`);
}

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new UsageError(`--port must be an integer from 0 to 65535, and is "${text}"`);
  return port;
}
