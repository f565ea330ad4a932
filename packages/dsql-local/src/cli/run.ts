import { writeSync } from "node:fs";
import type { LocalDsql } from "../endpoint/local-dsql.ts";
import { startLocalDsql } from "../endpoint/start-local-dsql.ts";
import type { CliOptions } from "./arguments.ts";
import { colored } from "./colors.ts";
import { serveCommands } from "./control.ts";
import { banner, jsonOutput } from "./outputs.ts";

/** Starts the endpoint and prints how to reach it; `failed` rejects when its PostgreSQL cannot be restarted. */
export async function run(
  options: CliOptions,
): Promise<{ stop: () => Promise<void>; failed: Promise<never> }> {
  const { output, port, regions, dataDir } = options;
  const log = output === "banner" || output === "json" ? printLog : undefined;
  let onFailure: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    onFailure = reject;
  });
  failed.catch(() => undefined);
  const local = await startLocalDsql({ port, regions, dataDir, log, onFailure, hints: true });
  let endCommands: () => Promise<void>;
  try {
    endCommands = await serveCommands(local);
  } catch (error) {
    await local.stop();
    throw error;
  }
  // Written in one piece: a program that reads it through a pipe may wait for this line only.
  writeSync(1, describe(local, options));
  const stop = async (): Promise<void> => {
    await endCommands();
    await local.stop();
  };
  return { stop, failed };
}

function printLog(text: string): void {
  const [first = "", ...rest] = text.split("\n");
  const headline = colored(process.stderr, "yellow", first);
  process.stderr.write(`${[headline, ...rest].join("\n")}\n`);
}

function describe(local: LocalDsql, { output, dataDir }: CliOptions): string {
  if (output === "json") return `${JSON.stringify(jsonOutput(local))}\n`;
  if (output === "quiet") return `${local.connectionString}\n`;
  return banner(local, dataDir, (text) => colored(process.stdout, "bold", text));
}
