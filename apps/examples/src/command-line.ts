import { parseArgs } from "node:util";

/** What to do: run, print the usage, or report what is wrong with the arguments. */
type CommandLine =
  | { kind: "run"; json: boolean; names: string[] }
  | { kind: "help" }
  | { kind: "wrong"; problem: string };

/** Parses the arguments: `--json` if it is an option, and names if there are some to choose from. */
function readCommandLine(
  args: readonly string[],
  { hasJson = false, names = [] }: { hasJson?: boolean; names?: readonly string[] },
): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { help: { type: "boolean", short: "h" }, ...(hasJson && { json: { type: "boolean" } }) },
      allowPositionals: true,
    });
    if (values.help) return { kind: "help" };
    const unknown = positionals.find((name) => !names.includes(name));
    if (unknown !== undefined) return { kind: "wrong", problem: `There is no "${unknown}".` };
    return { kind: "run", json: "json" in values && values.json === true, names: positionals };
  } catch (error) {
    return { kind: "wrong", problem: (error as Error).message };
  }
}

/** Prints the usage or a problem if there is one, otherwise returns what to run. */
export function commandLineOrExit(
  usage: string,
  options: { hasJson?: boolean; names?: readonly string[] },
): { json: boolean; names: string[] } {
  const read = readCommandLine(process.argv.slice(2), options);
  if (read.kind === "run") return read;
  if (read.kind === "wrong") process.stderr.write(`${read.problem}\n\n${usage}`);
  else process.stdout.write(usage);
  process.exit(read.kind === "wrong" ? 2 : 0);
}
