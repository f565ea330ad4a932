import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LocalDsql } from "dsql-local";

export type ChildEvent = { type: string } & Record<string, unknown>;

export interface ChildRun {
  events: ChildEvent[];
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  leaseMs: number;
  /** Arguments of the child's program. */
  args?: readonly string[];
  /** The child kills itself at this event, from 1. */
  killAt?: number;
  /** Called with each event of the child. */
  onEvent?: (event: ChildEvent, kill: () => void) => void;
}

/** Runs a migration child, and resolves when its process has exited. */
export async function runMigrationChild(
  child: URL,
  local: LocalDsql,
  options: ChildOptions,
): Promise<ChildRun> {
  const running = spawn(process.execPath, [fileURLToPath(child), ...(options.args ?? [])], {
    env: {
      ...process.env,
      DSQL_CONNECTION: JSON.stringify(local.connection),
      KILL_AT: String(options.killAt ?? 0),
      LEASE_MS: String(options.leaseMs),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<Omit<ChildRun, "events">>((resolve, reject) => {
    running.on("error", reject);
    running.on("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const events: ChildEvent[] = [];
  for await (const line of createInterface({ input: running.stdout })) {
    const event = JSON.parse(line) as ChildEvent;
    events.push(event);
    options.onEvent?.(event, () => running.kill("SIGKILL"));
  }
  return { events, ...(await ended) };
}
