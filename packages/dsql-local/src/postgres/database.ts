import { chown, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { postgresBinaries } from "./binaries.ts";
import { copyDataDirectory } from "./data-directory.ts";
import { type LaunchedServer, launch } from "./launch.ts";
import { isRunning, startTime } from "./processes.ts";
import { makeRunDirectory, removeOrphans, stopOrphan } from "./run-directory.ts";
import { serverUser } from "./server-user.ts";
import { templateDirectory } from "./template.ts";

/** Names a kept data directory as ours, and who is using it. */
const MARK = "dsql-local.json";

/** A data directory that cannot be used: it is not ours, or it is in use. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
}

export interface DatabaseOptions {
  /** Keeps the data here; without it they live in a folder for temporary files and go away. */
  dataDirectory?: string;
  maxConnections: number;
  /** Run once, in the template that every data directory is copied from. */
  setupSql: readonly string[];
}

/** Starts a PostgreSQL for one endpoint, after stopping those whose owners were killed. */
export async function startDatabase(options: DatabaseOptions): Promise<LaunchedServer> {
  const user = serverUser();
  const [binaries] = await Promise.all([postgresBinaries(user), removeOrphans()]);
  const copyTo = async (directory: string): Promise<void> =>
    copyDataDirectory(await templateDirectory(binaries, user, options.setupSql), directory, user);
  const start = { binaries, user, maxConnections: options.maxConnections };
  if (options.dataDirectory === undefined) {
    const runDirectory = await makeRunDirectory(user);
    const dataDirectory = join(runDirectory, "data");
    try {
      await copyTo(dataDirectory);
    } catch (error) {
      await rm(runDirectory, { recursive: true, force: true });
      throw error;
    }
    return launch({ ...start, dataDirectory, runDirectory });
  }
  const folder = resolve(options.dataDirectory);
  const dataDirectory = join(folder, "data");
  await mkdir(folder, { recursive: true });
  const isNew = await claim(folder);
  if (user) await chown(folder, user.uid, user.gid);
  if (isNew) await copyTo(dataDirectory);
  else await stopOrphan(dataDirectory);
  await writeFile(
    join(folder, MARK),
    JSON.stringify({ pid: process.pid, startTime: startTime(process.pid) }),
  );
  return launch({ ...start, dataDirectory });
}

/** Answers whether the folder is empty. @throws {DataDirectoryError} where it is foreign or in use */
async function claim(folder: string): Promise<boolean> {
  const entries = await readdir(folder);
  if (entries.length === 0) return true;
  const mark = await readFile(join(folder, MARK), "utf8").catch(() => undefined);
  if (mark === undefined) {
    throw new DataDirectoryError(
      `${folder} is neither empty nor a data directory of dsql-local; name another folder`,
    );
  }
  const owner = JSON.parse(mark) as { pid: number; startTime?: string };
  if (owner.pid !== process.pid && isRunning(owner.pid) && startTime(owner.pid) === owner.startTime) {
    throw new DataDirectoryError(
      `${folder} is in use by process ${owner.pid}; stop it or name another folder`,
    );
  }
  return !entries.includes("data");
}
