import { readFileSync } from "node:fs";
import { type CliOptions, parseArguments, UsageError } from "./arguments.ts";
import { colored } from "./colors.ts";
import { HELP } from "./help.ts";
import { runInBackground } from "./run-in-background.ts";
import { whenNpxEnds } from "./when-npx-ends.ts";

/** The time limit of a stop: after it this process exits, and PostgreSQL ends with it. */
const STOP_PATIENCE_MS = 15_000;

/** The program `dsql-local`; returns the exit code, for the endpoint itself after a signal has stopped it. */
export async function main(argv: readonly string[], program: string): Promise<number> {
  try {
    const options = parseArguments(argv, process.env);
    if (options === "help") process.stdout.write(HELP);
    else if (options === "version") process.stdout.write(`${packageVersion()}\n`);
    else if ("command" in options) await (await import("./control.ts")).sendCommand(options);
    else if (options.output === "env") process.stdout.write(await runInBackground(program, options));
    else return await runUntilSignal(options);
    return 0;
  } catch (error) {
    process.stderr.write(`${colored(process.stderr, "red", "dsql-local:")} ${(error as Error).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Signals are handled from the start, so that one that arrives while PostgreSQL is starting stops the program too. */
async function runUntilSignal(options: CliOptions): Promise<number> {
  let signals = 0;
  const signalled = new Promise<"signal">((resolve) => {
    const stop = (): void => {
      resolve("signal");
      if (++signals > 1) process.exit(1);
      // The program must exit even if the start or the stop hangs.
      setTimeout(() => process.exit(1), STOP_PATIENCE_MS).unref();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
    whenNpxEnds(stop);
  });
  // In the background nobody reads the log.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", () => undefined);
  // Help and errors do not need it.
  const { run } = await import("./run.ts");
  const starting = run(options);
  const first = await Promise.race([starting, signalled]);
  const { stop, failed } = first === "signal" ? await starting : first;
  try {
    await Promise.race([signalled, failed]);
  } finally {
    await stop();
  }
  return 0;
}

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
