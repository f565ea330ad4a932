import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LocalDsql } from "dsql-local";
import type { LeaseOptions, PlannedMigration } from "../../src/index.ts";

const CHILD = fileURLToPath(new URL("deploy-child.js", import.meta.url));

export type ChildEvent = { type: string } & Record<string, unknown>;

export interface ChildRun {
  events: ChildEvent[];
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  migrations: readonly PlannedMigration[];
  options?: LeaseOptions;
  /** The child kills itself at this event, from 1. */
  killAt?: number;
  /** Called with each event of the child. */
  onEvent?: (event: ChildEvent, kill: () => void) => void;
}

/** Deploys in a process of its own, and resolves when that process has ended. */
export async function runChild(local: LocalDsql, given: ChildOptions): Promise<ChildRun> {
  const folder = await mkdtemp(join(tmpdir(), "dsql-migrate-"));
  try {
    const file = join(folder, "input.json");
    await writeFile(file, JSON.stringify({ migrations: given.migrations, options: given.options ?? {} }));
    const child = spawn(process.execPath, [CHILD, file], {
      env: {
        ...process.env,
        DSQL_CONNECTION: JSON.stringify(local.connection),
        KILL_AT: String(given.killAt ?? 0),
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise<Omit<ChildRun, "events">>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    });
    const events: ChildEvent[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as ChildEvent;
      events.push(event);
      given.onEvent?.(event, () => child.kill("SIGKILL"));
    }
    return { events, ...(await ended) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
