import { chown, mkdir, readdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isRunning, serverOn, startTime } from "./processes.ts";
import { type ServerUser, userCanEnter } from "./server-user.ts";

/** The file that marks a folder as ours, and says which process uses it. */
const MARK = "dsql-local.json";

/** A data directory that cannot be used: it is not ours, or it is in use. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
}

/** A folder that keeps data between runs, claimed for this one. */
export interface KeptDataDirectory {
  /** PostgreSQL's own folder, inside the named one. */
  dataDirectory: string;
  isNew: boolean;
  release: () => Promise<void>;
}

/** The content of the mark file. */
interface Mark {
  pid: number;
  startTime?: string | undefined;
  /** Identifies the SQL that the data was set up with, which differs from version to version. */
  setup?: string | undefined;
}

/**
 * Claims a folder: an empty one, or one that an earlier run of the same `setup` left.
 * @throws {DataDirectoryError}
 */
export async function claimDataDirectory(
  named: string,
  user: ServerUser | undefined,
  setup: string,
): Promise<KeptDataDirectory> {
  await makeFolder(resolve(named)).catch((error: Error) => {
    throw new DataDirectoryError(`cannot create the folder ${named}: ${error.message}`, { cause: error });
  });
  const folder = await realpath(named);
  if (user && !(await userCanEnter(dirname(folder), user))) {
    throw new DataDirectoryError(
      `${folder} is inside a folder that the user "${user.name}" cannot enter, and PostgreSQL runs as that user when ` +
        "dsql-local runs as root; choose a folder elsewhere, or run dsql-local as another user",
    );
  }
  const entries = await readdir(folder);
  const mark = join(folder, MARK);
  if (entries.length > 0) await checkOwner(folder, mark, entries.includes("data") ? setup : undefined);
  // Renamed into place, so that a process that is killed while it writes leaves the previous mark intact.
  const write = async (owner: Mark): Promise<void> => {
    await writeFile(`${mark}.new`, JSON.stringify(owner));
    await rename(`${mark}.new`, mark);
  };
  await write({ pid: process.pid, startTime: startTime(process.pid), setup });
  if (user) await chown(folder, user.uid, user.gid);
  return {
    dataDirectory: join(folder, "data"),
    isNew: !entries.includes("data"),
    release: () => write({ pid: 0, setup }),
  };
}

/** Creates a folder and its parents; mkdir's `recursive` never returns in file systems such as /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT") throw error;
    await makeFolder(dirname(path));
    await mkdir(path);
  }
}

async function checkOwner(folder: string, mark: string, setup: string | undefined): Promise<void> {
  const text = await readFile(mark, "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new DataDirectoryError(
      `${folder} is neither empty nor a data directory of dsql-local; choose another folder`,
    );
  }
  const owner = readMark(text);
  if (setup !== undefined && owner.setup !== setup) {
    throw new DataDirectoryError(
      `${folder} was created by another version of dsql-local (or its ${MARK} is damaged), and this version cannot use its ` +
        "data; choose another folder",
    );
  }
  if (owner.pid === 0 || !isRunning(owner.pid) || startTime(owner.pid) !== owner.startTime) return;
  // A worker thread of this process that was terminated has left its mark, but no server.
  if (owner.pid === process.pid && !(await serverOn(join(folder, "data")))) return;
  throw new DataDirectoryError(
    `${folder} is in use by process ${owner.pid}; stop it or choose another folder`,
  );
}

/** A mark that was interrupted while it was written names no owner. */
function readMark(text: string): Mark {
  try {
    return JSON.parse(text) as Mark;
  } catch {
    return { pid: 0 };
  }
}
