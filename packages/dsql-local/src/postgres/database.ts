import { createHash } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { postgresBinaries } from "./binaries.ts";
import { copyDataDirectory } from "./data-directory.ts";
import { claimDataDirectory } from "./kept-data-directory.ts";
import { type LaunchedServer, launch } from "./launch.ts";
import { makeRunDirectory, removeOrphans, stopOrphan } from "./run-directory.ts";
import { serverUser } from "./server-user.ts";
import type { Supervision } from "./supervised-server.ts";
import { templateDirectory } from "./template.ts";

export interface DatabaseOptions {
  /** Keeps the data here; without it the data is in a temporary folder that is removed at the end. */
  dataDirectory?: string | undefined;
  maxConnections: number;
  /** Run once, in the template that every data directory is copied from. */
  setupSql: readonly string[];
  supervision?: Supervision;
}

/** Starts a PostgreSQL for one cluster, after stopping those whose owners were killed. */
export async function startDatabase(options: DatabaseOptions): Promise<LaunchedServer> {
  const user = serverUser();
  const [binaries] = await Promise.all([postgresBinaries(user), removeOrphans()]);
  const copyTo = async (directory: string): Promise<void> =>
    copyDataDirectory(await templateDirectory(binaries, user, options.setupSql), directory, user);
  const { maxConnections, supervision } = options;
  const start = { binaries, user, maxConnections, supervision };
  if (options.dataDirectory !== undefined) {
    const setup = createHash("sha256").update(options.setupSql.join("\0")).digest("hex").slice(0, 16);
    const kept = await claimDataDirectory(options.dataDirectory, user, setup);
    try {
      if (kept.isNew) {
        // Renamed when complete, so that an interrupted copy is never used.
        const draft = `${kept.dataDirectory}-draft`;
        await rm(draft, { recursive: true, force: true });
        await copyTo(draft);
        await rename(draft, kept.dataDirectory);
      } else await stopOrphan(kept.dataDirectory);
      const server = await launch({ ...start, dataDirectory: kept.dataDirectory });
      return { ...server, stop: () => server.stop().finally(kept.release) };
    } catch (error) {
      await kept.release();
      throw error;
    }
  }
  const runDirectory = await makeRunDirectory(user);
  try {
    await copyTo(join(runDirectory, "data"));
  } catch (error) {
    await rm(runDirectory, { recursive: true, force: true });
    throw error;
  }
  return launch({ ...start, dataDirectory: join(runDirectory, "data"), runDirectory });
}
