import { chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning, serverOn, startTime, stopServer } from "./processes.ts";
import { type ServerUser, serverUser, userCanEnter } from "./server-user.ts";

const PREFIX = "dsql-local-";
const OWNER_FILE = "owner.json";
/** Longest path of a socket file, macOS's 104 bytes minus the length of the file's name. */
const MAX_SOCKET_DIRECTORY_BYTES = 85;

/** The folder for temporary files, unless its path is too long for a socket's, or the server's user cannot enter it. */
async function baseDirectory(): Promise<string> {
  if (Buffer.byteLength(tmpdir()) > MAX_SOCKET_DIRECTORY_BYTES - PREFIX.length - 7) return "/tmp";
  return (await userCanEnter(tmpdir(), serverUser()).catch(() => false)) ? tmpdir() : "/tmp";
}

interface Owner {
  /** The process that created the folder, and when that process started, since process ids are reused. */
  pid: number;
  startTime: string | undefined;
  /** Where the PostgreSQL of this run keeps its data. */
  dataDirectory: string;
}

/** A new folder for one run: its socket, and its data unless `dataDir` keeps it. Only the server's user can access it. */
export async function makeRunDirectory(user: ServerUser | undefined): Promise<string> {
  const directory = await mkdtemp(join(await baseDirectory(), PREFIX));
  if (user) await chown(directory, user.uid, user.gid);
  // Claimed at once, so that a run that is killed while it copies its data is an orphan like any other.
  await claimRunDirectory(directory, join(directory, "data"));
  return directory;
}

/** Records which process runs a server here, so that the next start recognises an orphan. */
export async function claimRunDirectory(directory: string, dataDirectory: string): Promise<void> {
  const owner: Owner = { pid: process.pid, startTime: startTime(process.pid), dataDirectory };
  await writeFile(join(directory, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
}

/** Stops servers whose owner was killed, and removes what their runs left in the folder for temporary files. */
export async function removeOrphans(): Promise<void> {
  const base = await baseDirectory();
  const names = await readdir(base).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith(PREFIX))) {
    // Another user's folder, or one that another process is removing right now, is not ours to remove.
    await removeIfOrphaned(join(base, name)).catch(() => undefined);
  }
}

async function removeIfOrphaned(directory: string): Promise<void> {
  const text = await readFile(join(directory, OWNER_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return removeIfAbandoned(directory);
  const owner = JSON.parse(text) as Owner;
  if (isRunning(owner.pid) && startTime(owner.pid) === owner.startTime) return;
  await stopOrphan(owner.dataDirectory);
  await rm(directory, { recursive: true, force: true });
}

/** A folder without an owner is being created by another process, unless it is an hour old. */
async function removeIfAbandoned(directory: string): Promise<void> {
  const { mtimeMs, uid } = await stat(directory);
  const own = process.getuid === undefined || process.getuid() === 0 || process.getuid() === uid;
  if (own && Date.now() - mtimeMs > 3_600_000) await rm(directory, { recursive: true, force: true });
}

/** Stops the server that runs on a data directory, if there is one. */
export async function stopOrphan(dataDirectory: string): Promise<void> {
  const pid = await serverOn(dataDirectory);
  if (pid !== undefined) await stopServer(pid);
}
