import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChildOptions, type ChildRun, runMigrationChild } from "adapter-conformance/migrations";
import type { LocalDsql } from "dsql-local";
import type { LeaseOptions, PlannedMigration } from "../../src/index.ts";

const CHILD = new URL("deploy-child.js", import.meta.url);

interface DeployChildOptions extends Pick<ChildOptions, "killAt" | "onEvent"> {
  migrations: readonly PlannedMigration[];
  options?: LeaseOptions;
}

/** Deploys in a process of its own, and resolves when that process has ended. */
export async function runChild(
  local: LocalDsql,
  { migrations, options = {}, ...watched }: DeployChildOptions,
): Promise<ChildRun> {
  const folder = await mkdtemp(join(tmpdir(), "dsql-migrate-"));
  try {
    const file = join(folder, "input.json");
    await writeFile(file, JSON.stringify({ migrations, options }));
    return await runMigrationChild(CHILD, local, {
      ...watched,
      leaseMs: options.leaseMs ?? 15_000,
      args: [file],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
