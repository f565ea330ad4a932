import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { LocalDsql } from "../../src/index.ts";

const run = promisify(execFile);

let installed: Promise<void> | undefined;

/** psql's output for some commands, which stops at the first error. A machine that has no psql gets Debian's. */
export async function psql(dsql: LocalDsql, ...commands: string[]): Promise<string> {
  installed ??= ensureInstalled();
  await installed;
  const args = ["-X", "-v", "ON_ERROR_STOP=1", ...commands.flatMap((command) => ["-c", command])];
  const env = { ...process.env, PGPASSWORD: dsql.token(), PGCLIENTENCODING: "UTF8" };
  return (await run("psql", [...args, dsql.connectionString], { env, maxBuffer: 64 * 1024 * 1024 })).stdout;
}

async function ensureInstalled(): Promise<void> {
  if (await isThere()) return;
  const apt = (...args: string[]) =>
    run("apt-get", ["-o", "DPkg::Lock::Timeout=300", "-qq", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  try {
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", "postgresql-client");
  } catch (cause) {
    throw new Error("These tests need psql: install PostgreSQL's client, 14 or later.", { cause });
  }
}

async function isThere(): Promise<boolean> {
  return await run("psql", ["--version"]).then(
    () => true,
    () => false,
  );
}
