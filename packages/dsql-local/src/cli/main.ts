import { readFileSync } from "node:fs";
import { parseArguments, UsageError } from "./arguments.ts";
import { HELP } from "./help.ts";
import { run } from "./run.ts";
import { runInBackground } from "./run-in-background.ts";

/** The program `dsql-local`; answers the exit code, or undefined where it goes on running until a signal comes. */
export async function main(argv: readonly string[], program: string): Promise<number | undefined> {
  try {
    const options = parseArguments(argv);
    if (options === "help") process.stdout.write(HELP);
    else if (options === "version") process.stdout.write(`${packageVersion()}\n`);
    else if (options.output === "env") process.stdout.write(await runInBackground(program, options));
    else return stopOnSignal(await run(options));
    return 0;
  } catch (error) {
    process.stderr.write(`dsql-local: ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function stopOnSignal(stop: () => Promise<void>): undefined {
  const end = (): void => {
    stop().then(
      () => process.exit(0),
      (error: Error) => {
        process.stderr.write(`dsql-local: ${error.message}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  // In the background nobody reads the log any more.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", () => undefined);
}

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
