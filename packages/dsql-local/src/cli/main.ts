import { readFileSync } from "node:fs";
import { type CliOptions, parseArguments, UsageError } from "./arguments.ts";
import { HELP } from "./help.ts";
import { runInBackground } from "./run-in-background.ts";
import { whenNpxEnds } from "./when-npx-ends.ts";

/** The program `dsql-local`; answers the exit code, for the endpoint itself after a signal has stopped it. */
export async function main(argv: readonly string[], program: string): Promise<number> {
  try {
    const options = parseArguments(argv);
    if (options === "help") process.stdout.write(HELP);
    else if (options === "version") process.stdout.write(`${packageVersion()}\n`);
    else if (options.output === "env") process.stdout.write(await runInBackground(program, options));
    else return await runUntilSignal(options);
    return 0;
  } catch (error) {
    process.stderr.write(`dsql-local: ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Signals are heard from the start on: one that comes while PostgreSQL starts ends it as well. */
async function runUntilSignal(options: CliOptions): Promise<number> {
  let signals = 0;
  const signalled = new Promise<void>((resolve) => {
    const hear = (): void => {
      resolve();
      // A start or a stop that hangs must not hold up who asks again; PostgreSQL ends with this process.
      if (++signals > 1) process.exit(1);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, hear);
    whenNpxEnds(hear);
  });
  // In the background nobody reads the log any more.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", () => undefined);
  // Loaded when it is needed: help and errors are told without it.
  const { run } = await import("./run.ts");
  const stop = await run(options);
  await signalled;
  await stop();
  return 0;
}

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
