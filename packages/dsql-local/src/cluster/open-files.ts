import { readFileSync } from "node:fs";

/** Files that are neither a client's socket nor a connection to PostgreSQL: modules, logs, listening sockets. */
const RESERVED_FILES = 100;
/** A session has its client's socket and its connection to PostgreSQL. */
const FILES_PER_SESSION = 2;

/** How many files this process may open (`ulimit -n`); undefined on systems where it is expensive to get. */
function maxOpenFiles(): number | undefined {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}

/** What the limit on open files permits. */
export interface FileCapacity {
  maxOpenFiles: number;
  sessions: number;
  /** Connections to a port, including logins in progress; beyond it the system resets them without an error. */
  sockets: number;
}

/** @param limit `ulimit -n` @default this process's own; the result is undefined if that is not known */
export function fileCapacity(limit: number | undefined = maxOpenFiles()): FileCapacity | undefined {
  if (limit === undefined) return undefined;
  const usable = Math.max(0, limit - RESERVED_FILES);
  const sessions = Math.floor((usable * 0.8) / FILES_PER_SESSION);
  return { maxOpenFiles: limit, sessions, sockets: sessions + Math.floor(usable * 0.2) };
}
