import { spawn } from "node:child_process";

const TIMEOUT_MS = 600_000;

export interface CommandOptions {
  cwd: string;
  env?: Record<string, string | undefined> | undefined;
  /** Resolves with the output although the command failed. */
  mayFail?: boolean;
}

export interface CommandResult {
  exitCode: number | null;
  /** Both streams, in the order of arrival. */
  output: string;
}

/** Runs a program without a shell; rejects with its output if it fails or hangs. */
export function runCommand(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (exitCode) => {
      if (exitCode === 0 || options.mayFail) resolve({ exitCode, output });
      else reject(new Error(`${command.join(" ")} ended with ${exitCode ?? "a signal"}:\n${output}`));
    });
  });
}

/** The environment without npm's variables for scripts, which would point a package manager to the folder of this repository. */
function cleanEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD$|NODE_OPTIONS$)/i.test(name),
  );
  return { ...Object.fromEntries(entries), CI: "true", NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1" };
}
