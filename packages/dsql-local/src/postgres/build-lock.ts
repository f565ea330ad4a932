import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, startTime } from "./processes.ts";

const POLL_MS = 30;
/** Age at which a lock without an owner was left by a process that died between two steps. */
const ORPHAN_MS = 2000;
/** A build takes a second, on a busy machine ten. */
const PATIENCE_MS = 60_000;

/**
 * Runs `build` in one process at a time; the others wait, and run it only if `isBuilt` still returns false. The lock is
 * a folder, since only one process can create it. @throws {Error} if the lock is not released within a minute
 */
export async function buildOnce(
  lock: string,
  isBuilt: () => boolean,
  build: () => Promise<void>,
  patienceMs: number = PATIENCE_MS,
): Promise<void> {
  const since = performance.now();
  while (!isBuilt()) {
    if (await acquire(lock)) {
      try {
        if (!isBuilt()) await build();
      } finally {
        await rm(lock, { recursive: true, force: true });
      }
    } else {
      if (performance.now() - since > patienceMs) {
        throw new Error(
          `${lock} has been locked for ${patienceMs / 1000} s; remove it if no other dsql-local is starting`,
        );
      }
      await sleep(POLL_MS);
    }
  }
}

async function acquire(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw unusable(dirname(lock), error);
    if (await isAbandoned(lock)) await rm(lock, { recursive: true, force: true });
    return false;
  }
  try {
    await writeFile(join(lock, "owner"), JSON.stringify([process.pid, startTime(process.pid)]));
    return true;
  } catch (error) {
    await rm(lock, { recursive: true, force: true });
    throw unusable(dirname(lock), error);
  }
}

function unusable(directory: string, error: unknown): Error {
  const reason = (error as Error).message;
  return new Error(
    `the cache directory ${directory} cannot be used (${reason}); set DSQL_LOCAL_CACHE to another one`,
    { cause: error },
  );
}

async function isAbandoned(lock: string): Promise<boolean> {
  const text = await readFile(join(lock, "owner"), "utf8").catch(() => "");
  try {
    const [pid, started] = JSON.parse(text) as [number, string | null];
    // Process ids are reused.
    return !isRunning(pid) || (started ?? undefined) !== startTime(pid);
  } catch {
    const made = await stat(lock).catch(() => undefined);
    return made !== undefined && Date.now() - made.mtimeMs > ORPHAN_MS;
  }
}
