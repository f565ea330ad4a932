import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // In a container whose first process does not reap, processes that have exited stay listed as zombies.
    return processStat(pid)?.[0] !== "Z";
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A value that differs for another process with the same id; undefined on systems where it is expensive to get. */
export function startTime(pid: number): string | undefined {
  return processStat(pid)?.[19];
}

/** The fields of /proc/<pid>/stat, starting with the state (field 3 of proc(5)). */
function processStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, second field, is in parentheses and may contain spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** The process id of the PostgreSQL that runs on a data directory; undefined if there is none. */
export async function serverOn(dataDirectory: string): Promise<number | undefined> {
  const lock = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number(lock.split("\n")[0]);
  // The file outlives a killed server, and its process id may be another program's by now.
  return pid > 0 && isRunning(pid) && commandLine(pid).includes(dataDirectory) ? pid : undefined;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    if (process.platform === "win32") return "";
    try {
      return execFileSync("ps", ["-ww", "-p", String(pid), "-o", "command="], { encoding: "utf8" });
    } catch {
      return "";
    }
  }
}

/** PostgreSQL's fast shutdown, and after five seconds the immediate one. */
export async function stopServer(pid: number): Promise<void> {
  for (const [signal, patienceMs] of [
    ["SIGINT", 5000],
    ["SIGQUIT", 2000],
    ["SIGKILL", 1000],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (const until = Date.now() + patienceMs; Date.now() < until; ) {
      if (!isRunning(pid)) return;
      await sleep(10);
    }
  }
}
