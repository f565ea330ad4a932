import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { CliOptions } from "./arguments.ts";
import { envOutput, type JsonOutput } from "./outputs.ts";

/**
 * Starts an endpoint in a process that outlives this one, so that `eval` can return, and returns the lines for it.
 * @throws {Error} with the output of that process, if it does not start
 */
export async function runInBackground(program: string, options: CliOptions): Promise<string> {
  const args = options.regions.flatMap((region) => ["--region", region]);
  if (options.port !== undefined) args.push("--port", String(options.port));
  if (options.dataDir !== undefined) args.push("--data-dir", options.dataDir);
  const child = spawn(process.execPath, [program, "--json", ...args], {
    detached: true,
    // The process must outlive npx.
    env: { ...process.env, npm_command: undefined },
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });
  let complaint = "";
  child.stderr.on("data", (text: Buffer) => {
    complaint += text;
  });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    once(child, "close").then(() => [undefined]),
  ])) as [string | undefined];
  if (line === undefined) throw new Error(complaint.trim() || "dsql-local exited while it was starting");
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  return envOutput(JSON.parse(line) as JsonOutput);
}
