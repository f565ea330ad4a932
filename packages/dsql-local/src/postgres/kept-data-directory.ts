import { chown, mkdir, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isRunning, serverOn, startTime } from "./processes.ts";
import { type ServerUser, userCanEnter } from "./server-user.ts";

/** Names a folder as ours, and who is using it. */
const MARK = "dsql-local.json";

/** A data directory that cannot be used: it is not ours, or it is in use. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
}

/** A folder that keeps data between runs, claimed for this one. */
export interface KeptDataDirectory {
  /** PostgreSQL's own folder, inside the one that was named. */
  dataDirectory: string;
  isNew: boolean;
  release: () => Promise<void>;
}

/** Claims a folder: an empty one, or one that an earlier run left. @throws {DataDirectoryError} */
export async function claimDataDirectory(
  named: string,
  user: ServerUser | undefined,
): Promise<KeptDataDirectory> {
  await mkdir(named, { recursive: true });
  const folder = await realpath(named);
  if (user && !(await userCanEnter(dirname(folder), user))) {
    throw new DataDirectoryError(
      `${folder} is inside a folder that the user "${user.name}" cannot enter, as which PostgreSQL runs where we are root; ` +
        "name a folder elsewhere, or run as another user",
    );
  }
  const entries = await readdir(folder);
  const mark = join(folder, MARK);
  if (entries.length > 0) await checkOwner(folder, mark);
  await writeFile(mark, JSON.stringify({ pid: process.pid, startTime: startTime(process.pid) }));
  if (user) await chown(folder, user.uid, user.gid);
  return {
    dataDirectory: join(folder, "data"),
    isNew: !entries.includes("data"),
    release: () => writeFile(mark, JSON.stringify({ pid: 0 })),
  };
}

async function checkOwner(folder: string, mark: string): Promise<void> {
  const text = await readFile(mark, "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new DataDirectoryError(
      `${folder} is neither empty nor a data directory of dsql-local; name another folder`,
    );
  }
  const owner = JSON.parse(text) as { pid: number; startTime?: string };
  if (owner.pid === 0 || !isRunning(owner.pid) || startTime(owner.pid) !== owner.startTime) return;
  // A thread of this process that ended without a word has left its mark, but no server.
  if (owner.pid === process.pid && !(await serverOn(join(folder, "data")))) return;
  throw new DataDirectoryError(`${folder} is in use by process ${owner.pid}; stop it or name another folder`);
}
