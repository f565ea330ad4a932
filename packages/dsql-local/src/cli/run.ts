import { writeSync } from "node:fs";
import type { LocalDsql } from "../endpoint/local-dsql.ts";
import { startLocalDsql } from "../endpoint/start-local-dsql.ts";
import type { CliOptions } from "./arguments.ts";
import { banner, jsonOutput } from "./outputs.ts";

/** Starts the endpoint, prints how to reach it, and returns its stop function. */
export async function run(options: CliOptions): Promise<() => Promise<void>> {
  const { output, port, regions, dataDir } = options;
  const log =
    output === "banner" || output === "json"
      ? (line: string) => void process.stderr.write(`${line}\n`)
      : undefined;
  const local = await startLocalDsql({ port, regions, dataDir, log });
  // Written at once and whole: who reads it through a pipe may be waiting for nothing else.
  writeSync(1, describe(local, options));
  return () => local.stop();
}

function describe(local: LocalDsql, { output, dataDir }: CliOptions): string {
  if (output === "json") return `${JSON.stringify(jsonOutput(local))}\n`;
  if (output === "quiet") return `${local.connectionString}\n`;
  return banner(local, dataDir);
}
