import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { LocalDsql } from "../../../src/index.ts";

const program = join(dirname(createRequire(import.meta.url).resolve("drizzle-kit")), "bin.cjs");

/** What `drizzle-kit push` prints, whether it fails or not. */
export async function drizzleKitPush(dsql: LocalDsql): Promise<string> {
  const { host, port, ca } = dsql;
  const target = { host, port, ca, password: dsql.token() };
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [program, "push", "--force", "--verbose"],
    { cwd: import.meta.dirname, env: { ...process.env, DRIZZLE_KIT_TARGET: JSON.stringify(target) } },
  ).catch((failed: { stdout: string; stderr: string }) => failed);
  return stdout + stderr;
}
