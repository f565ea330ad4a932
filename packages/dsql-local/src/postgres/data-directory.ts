import { randomBytes } from "node:crypto";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";
import type { ServerUser } from "./server-user.ts";

/** The role that owns the system catalogs; sessions of clients log in as their own roles. */
export const SUPERUSER = "postgres";

/** Contains the superuser's random password, which only a server on a TCP port requires. */
const PASSWORD_FILE = "dsql-local-password";

/** Creates an empty cluster: UTF-8, C collation, no fsync. The folder above must belong to the server's user. */
export async function initialize(
  binaries: string,
  directory: string,
  user: ServerUser | undefined,
): Promise<void> {
  const windows = process.platform === "win32";
  const args = [
    "-D",
    directory,
    "-U",
    SUPERUSER,
    "-E",
    "UTF8",
    "--locale=C",
    "--no-sync",
    "--no-instructions",
  ];
  // Small segments: otherwise most of a copied folder is the log.
  args.push("--wal-segsize=1", "-c", "fsync=off", "-A", windows ? "password" : "trust");
  const password = randomBytes(24).toString("base64url");
  const passwordFile = `${directory}-password`;
  try {
    if (windows) await writeFile(passwordFile, password, { mode: 0o600 });
    if (windows) args.push(`--pwfile=${passwordFile}`);
    await runProgram(join(binaries, "bin", windows ? "initdb.exe" : "initdb"), args, user);
    if (windows) await writeFile(join(directory, PASSWORD_FILE), password, { mode: 0o600 });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** The superuser's password for a server on a TCP port. */
export async function superuserPassword(directory: string): Promise<string> {
  return readFile(join(directory, PASSWORD_FILE), "utf8");
}

/** Copies a data directory, as the server's user; cp is many times faster than copying file by file from here. */
export async function copyDataDirectory(
  from: string,
  to: string,
  user: ServerUser | undefined,
): Promise<void> {
  if (process.platform === "win32") await cp(from, to, { recursive: true });
  else await runProgram("/bin/cp", ["-R", from, to], user);
}

/**
 * Removes the maps of free space and of visibility from a stopped server's folder: PostgreSQL recreates them when
 * needed, and without them a copy has a fifth fewer files to create, which takes most of its time.
 */
export async function removeMaps(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await removeMaps(path);
    else if (/^\d+_(fsm|vm)$/.test(entry.name)) await rm(path);
  }
}
