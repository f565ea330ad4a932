import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning } from "./processes.ts";

const POLL_MS = 30;
/** Age at which a lock without an owner was left by a process that died between two steps. */
const ORPHAN_MS = 2000;

/**
 * Runs `build` in one process at a time; the others wait, and run it only where `isBuilt` still says no. A folder is the
 * lock, since making one succeeds for one process only.
 */
export async function buildOnce(
  lock: string,
  isBuilt: () => Promise<boolean>,
  build: () => Promise<void>,
): Promise<void> {
  while (!(await isBuilt())) {
    if (await acquire(lock)) {
      try {
        if (!(await isBuilt())) await build();
      } finally {
        await rm(lock, { recursive: true, force: true });
      }
    } else {
      await sleep(POLL_MS);
    }
  }
}

async function acquire(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    await writeFile(join(lock, "pid"), String(process.pid));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (await isAbandoned(lock)) await rm(lock, { recursive: true, force: true });
  return false;
}

async function isAbandoned(lock: string): Promise<boolean> {
  const pid = Number(await readFile(join(lock, "pid"), "utf8").catch(() => ""));
  if (pid > 0) return !isRunning(pid);
  const made = await stat(lock).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > ORPHAN_MS;
}
